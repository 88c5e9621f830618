#include "trust/keys.h"

#include <limits>

#include "base/clock.h"
#include "model/fold.h"
#include "os/coarse_clock.h"
#include "os/fork_guard.h"
#include "os/process.h"
#include "os/system_random.h"

namespace mailslot::trust {
namespace {

constexpr std::int64_t kEvery = std::chrono::nanoseconds(kLookAtKeysEvery).count();

}  // namespace

// A child has a copy of its parent's memory and must not reuse its numbers. Compares both fork
// generation and process id, because some forks bypass our fork handler.
Stamp Sealer::next(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t generation = os::fork_generation();
    const std::int64_t process = os::own_process();
    const bool is_new = last_.counter == 0 || generation != generation_ || process != process_ ||
                        last_.counter > std::numeric_limits<std::uint64_t>::max() - count;
    if (is_new) {
        last_ = {os::SystemRandom().u64(),
                 static_cast<std::uint64_t>(SystemClock().unix_microseconds()), 0};
        generation_ = generation;
        process_ = process;
    }
    Stamp first = last_;
    first.counter += 1;
    last_.counter += count;
    return first;
}

Keys::Keys(Source source, const std::string& default_domain, KeyRing ring)
    : source_(std::move(source)),
      default_domain_(fold(default_domain).value_or(default_domain)),
      look_at_(os::coarse_nanoseconds() + kEvery) {
    use(std::move(ring));
}

Result<std::shared_ptr<Keys>> Keys::open(Source source, const std::string& default_domain) {
    // Taken before the load, so that the next look sees a change during the load.
    const std::uint64_t change = source.change();
    auto ring = source.load();
    if (!ring) return ring.error();
    std::shared_ptr<Keys> keys(new Keys(std::move(source), default_domain, std::move(*ring)));
    keys->change_ = change;
    return keys;
}

std::shared_ptr<Keys> Keys::of(KeyRing ring, const std::string& default_domain) {
    return std::shared_ptr<Keys>(new Keys({}, default_domain, std::move(ring)));
}

void Keys::use(KeyRing ring) {
    for (const DomainKeys& domain : ring.domains()) known_.insert(domain.folded);
    ring_ = std::make_shared<const KeyRing>(std::move(ring));
    is_in_use_ = !known_.empty() || !default_domain_.empty();
}

bool Keys::has_known(std::string_view folded) const {
    const std::lock_guard lock(mutex_);
    return known_.contains(folded);
}

std::shared_ptr<const KeyRing> Keys::ring() const {
    const std::lock_guard lock(mutex_);
    return ring_;
}

std::optional<Error> Keys::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

std::uint64_t Keys::look() {
    const std::int64_t now = os::coarse_nanoseconds();
    std::int64_t due = look_at_.load(std::memory_order_relaxed);
    // Only one of the threads that find the look due does it.
    if (now >= due && source_.load && look_at_.compare_exchange_strong(due, now + kEvery))
        reload_now();
    return generation_.load(std::memory_order_acquire);
}

void Keys::reload_now() {
    const std::uint64_t change = source_.change();
    {
        const std::lock_guard lock(mutex_);
        if (change == change_ && !again_) return;
    }
    auto ring = source_.load();
    const std::lock_guard lock(mutex_);
    // After a failure, load again: a fix by chmod does not show in the folder.
    again_ = change != change_ || !ring;
    change_ = change;
    error_.reset();
    if (!ring) {
        error_ = ring.error();  // keep the old ring
        return;
    }
    use(std::move(*ring));
    generation_.fetch_add(1, std::memory_order_release);
}

const KeyRing* KeysView::look() {
    const std::uint64_t generation = keys_->look();
    if (generation != generation_) {
        ring_ = keys_->ring();
        generation_ = generation;
    }
    return keys_->is_in_use() ? ring_.get() : nullptr;
}

KeysView::Choice KeysView::choose(std::string_view to) {
    const KeyRing* const ring = now();
    if (ring == nullptr) return {};
    const DomainKeys* domain = to.empty() ? nullptr : ring->find(to);
    if (domain == nullptr && !to.empty() && keys_->has_known(to)) {
        return {nullptr, Error{Errc::no_permission, "seal", 0,
                               "the key of " + std::string(to) +
                                   " is gone; get it again with 'mailslot key import'",
                               Reason::not_sealed}};
    }
    if (domain == nullptr) {
        const std::string& standard = keys_->default_domain();
        if (standard.empty()) return {};
        domain = ring->find(standard);
        if (domain == nullptr) {
            return {nullptr, Error{Errc::no_permission, "seal", 0,
                                   "the setting default_domain is " + standard +
                                       ", but this user has no key of that domain; get it with "
                                       "'mailslot key import'",
                                   Reason::not_sealed}};
        }
    }
    if (domain->current) return {domain, {}};
    return {nullptr, Error{Errc::no_permission, "seal", 0,
                           "the message must be sealed with the key of " + domain->domain +
                               ", but this user may not read the key: " + domain->path,
                           Reason::not_sealed}};
}

}  // namespace mailslot::trust
