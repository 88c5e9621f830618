// The keys that a process has just now, and who it is when it seals. One for a process; carriers
// look through a KeysView of their own. Threads: any.
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

// How often a program that runs looks whether key files changed.
inline constexpr std::chrono::seconds kLookAtKeysEvery{1};

// Draws a sender identity, and numbers. Never the same stamp twice, in a child of fork neither.
class Sealer {
public:
    // So many stamps in a row; the first of them.
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
        std::function<std::uint64_t()> change;  // another number: load() may have another answer
    };
    // Errors: as load's.
    static Result<std::shared_ptr<Keys>> open(Source source, const std::string& default_domain);
    // Those and no others.
    static std::shared_ptr<Keys> of(KeyRing ring, const std::string& default_domain = {});

    // As of the last look. A ring that was handed out stays good.
    std::shared_ptr<const KeyRing> ring() const;
    // Looks, if it is time to; changes when another ring is there.
    std::uint64_t look();
    void reload_now();  // whether it is time to look or not
    // Why the last change was not taken.
    std::optional<Error> error() const;
    // Whether there was a key of it at any time: what was sealed is never sent in the clear.
    bool has_known(std::string_view folded) const;
    // Whether anything was ever to be sealed, or opened: most machines have no keys.
    bool is_in_use() const { return is_in_use_.load(std::memory_order_relaxed); }
    // Folded; empty: there is none.
    const std::string& default_domain() const { return default_domain_; }
    Sealer& sealer() { return sealer_; }

private:
    Keys(Source source, const std::string& default_domain, KeyRing ring);

    const Source source_;
    const std::string default_domain_;
    Sealer sealer_;
    std::atomic<std::int64_t> look_at_;  // on the coarse clock
    std::atomic<std::uint64_t> generation_{1};
    std::atomic<bool> is_in_use_;
    mutable std::mutex mutex_;  // guards what follows
    std::uint64_t change_ = 0;
    // Times of files are some milliseconds coarse: what changed again while we read is seen at the
    // next look, whether it shows or not.
    bool again_ = true;
    std::shared_ptr<const KeyRing> ring_;
    std::set<std::string, std::less<>> known_;  // all domains that ever were in it
    std::optional<Error> error_;

    void use(KeyRing ring);  // with the mutex held
};

// Threads: one at a time.
class KeysView {
public:
    explicit KeysView(std::shared_ptr<Keys> keys) : keys_(std::move(keys)) {}

    // Null: this machine has no keys. Good until the next call.
    const KeyRing* now() {
        if (!keys_) [[likely]]
            return nullptr;
        return look();
    }
    Keys& keys() const { return *keys_; }

    struct Choice {
        const DomainKeys* domain = nullptr;  // null: not sealed
        std::optional<Error> error{};        // must be sealed, and cannot be: no_permission
    };
    // With which key something goes to `to`, folded; empty: to no name.
    Choice choose(std::string_view to);

private:
    const KeyRing* look();

    const std::shared_ptr<Keys> keys_;
    std::uint64_t generation_ = 0;
    std::shared_ptr<const KeyRing> ring_;
};

}  // namespace mailslot::trust
