// Watches for mailslotd to come for the whole machine, while this process is the office of a single
// user, or is a guest and registered with nobody.
// Threads: the station's only.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "office/premises.h"
#include "os/folder.h"
#include "os/folder_watch.h"

namespace mailslot::office {

class MachinesOfficeWatch {
public:
    // `seen` is called when a file came into the machine's folder.
    MachinesOfficeWatch(const Premises& at, std::function<void()> seen)
        : at_(at), seen_(std::move(seen)) {}

    // Watches from now on, if the folder is there and there may be such an office.
    void begin();
    // Watches the folder anew if the folder was made anew, or came only now.
    void keep();
    void end();

    // Returns true, once, if it is time to try the machine's office.
    bool is_due();
    // Tries again soon after an attempt in vain, a limited number of times: the file is there before
    // mailslotd listens.
    void try_again();
    std::optional<Clock::Instant> next_try() const { return try_at_; }

private:
    void see();

    const Premises& at_;
    const std::function<void()> seen_;
    std::optional<os::FolderWatch> watch_{};
    std::optional<os::FileId> watched_{};  // folder that the watch is on
    std::optional<Clock::Instant> try_at_{};
    int tries_left_ = 0;
};

}  // namespace mailslot::office
