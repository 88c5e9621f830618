// Why slots of this process do not hear the network.
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mailslot/result.h"

namespace mailslot::office {

class SlotErrors {
public:
    // Returns why the slot `key`, or the machine's post office, does not hear the network; nullopt
    // if nothing is in the way.
    std::optional<Error> of(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto refused = refused_.find(key);
        if (refused != refused_.end()) return refused->second;
        return network_ ? network_ : other_network_;
    }
    // Returns true if the name belongs to another process.
    bool is_taken(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        const auto found = refused_.find(key);
        return found != refused_.end() && found->second.code == Errc::slot_exists;
    }

    void refuse(const std::string& key, Error why) {
        const std::lock_guard lock(mutex_);
        refused_.insert_or_assign(key, std::move(why));
    }
    void accept(const std::string& key) {
        const std::lock_guard lock(mutex_);
        refused_.erase(key);
    }
    void set_network(std::optional<Error> error) {
        const std::lock_guard lock(mutex_);
        network_ = std::move(error);
    }
    void set_other_network(std::optional<Error> error) {
        const std::lock_guard lock(mutex_);
        other_network_ = std::move(error);
    }

private:
    mutable std::mutex mutex_;  // guards the following members
    std::optional<Error> network_;
    std::optional<Error> other_network_;                 // set if our office is in another network
    std::map<std::string, Error, std::less<>> refused_;  // slots that the office refused
};

}  // namespace mailslot::office
