// A process's present keys, and its identity as a sealer. Each process has a single Keys object;
// every carrier reads it through its own KeysView.
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "mailslot/result.h"
#include "trust/key_ring.h"
#include "trust/seal.h"

namespace mailslot::trust {

// Interval at which a running program checks for changed key files.
inline constexpr std::chrono::seconds kLookAtKeysEvery{1};

// Draws a random sender identity and numbers stamps. Never repeats a stamp, not even in a forked
// child.
class Sealer {
public:
    // Reserves `count` consecutive stamps and returns the first.
    Stamp next(std::uint64_t count);

private:
    std::mutex mutex_;
    Stamp last_{};  // counter 0: none drawn yet
    std::uint64_t generation_ = 0;
    std::int64_t process_ = 0;
};

class Keys {
public:
    struct Source {
        std::function<Result<KeyRing>()> load;
        std::function<std::uint64_t()> change;  // changes when load() may have a new result
    };
    // Errors: as load.
    static Result<std::shared_ptr<Keys>> open(Source source, const std::string& default_domain);
    // Makes Keys that never change.
    static std::shared_ptr<Keys> of(KeyRing ring, const std::string& default_domain = {});

    // Returns the ring of the last look. A returned ring stays valid.
    std::shared_ptr<const KeyRing> ring() const;
    // Looks for changed files if the interval has passed. Returns a number that changes with the
    // ring.
    std::uint64_t look();
    void reload_now();  // looks whether the interval has passed or not
    // Returns why the last change was refused.
    std::optional<Error> error() const;
    // Returns whether the domain ever had a key here. Messages to such a domain never go in the
    // clear.
    bool has_known(std::string_view folded) const;
    // Returns whether keys or a default domain were ever present. Most machines have none.
    bool is_in_use() const { return is_in_use_.load(std::memory_order_relaxed); }
    // Folded; empty if none is set.
    const std::string& default_domain() const { return default_domain_; }
    Sealer& sealer() { return sealer_; }

private:
    Keys(Source source, const std::string& default_domain, KeyRing ring);

    const Source source_;
    const std::string default_domain_;
    Sealer sealer_;
    std::atomic<std::int64_t> look_at_;  // coarse clock
    std::atomic<std::uint64_t> generation_{1};
    std::atomic<bool> is_in_use_;
    mutable std::mutex mutex_;  // guards the members below
    std::uint64_t change_ = 0;
    // Reload at the next look even if no change shows: file times have a resolution of some
    // milliseconds, so a change during the last load may not show.
    bool again_ = true;
    std::shared_ptr<const KeyRing> ring_;
    std::set<std::string, std::less<>> known_;  // all domains ever loaded
    std::optional<Error> error_;

    void use(KeyRing ring);  // needs the mutex
};

// Threads: one at a time.
class KeysView {
public:
    explicit KeysView(std::shared_ptr<Keys> keys) : keys_(std::move(keys)) {}

    // Returns null if this machine has no keys. Valid until the next call.
    const KeyRing* now() {
        if (!keys_) [[likely]]
            return nullptr;
        return look();
    }
    Keys& keys() const { return *keys_; }

    struct Choice {
        const DomainKeys* domain = nullptr;  // null: not sealed
        std::optional<Error> error{};        // must be sealed and cannot be: no_permission
    };
    // Chooses the key for messages to `to`: a folded name, or empty.
    Choice choose(std::string_view to);

private:
    const KeyRing* look();

    const std::shared_ptr<Keys> keys_;
    std::uint64_t generation_ = 0;
    std::shared_ptr<const KeyRing> ring_;
};

}  // namespace mailslot::trust
