#include "post/acquaintance.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/saturating.h"
#include "post/ways.h"

namespace mailslot::post {
namespace {

constexpr std::uint64_t kBatches = 4;

void count_messages(std::uint32_t& counter, std::uint64_t count) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    counter = static_cast<std::uint32_t>(std::min(kMost, counter + count));
}

}  // namespace

std::uint64_t most_messages_within(Clock::Instant::duration time) {
    const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    if (ms <= 0) return kMostMessagesAtOnce;
    constexpr std::uint64_t kMsInASecond = 1000;
    // The bound is above the longest age, 49 days, and keeps the product below 2^64.
    const std::uint64_t bounded =
        std::min<std::uint64_t>(static_cast<std::uint64_t>(ms), 1ULL << 34);
    return kMostMessagesAtOnce + bounded * kMostMessagesASecond / kMsInASecond;
}

bool Acquaintance::knows(const Endpoint& source) const {
    // Sockets of this machine have no address, and identify the sender in other ways.
    if (source.address.family == IpAddress::Family::none) return true;
    return std::ranges::find(sources_, source) != sources_.end();
}

void Acquaintance::add(const Endpoint& source) {
    if (knows(source)) return;
    // The first source stays, because it stands in the books.
    if (sources_.size() > kMostFurtherSources) sources_.erase(sources_.begin() + 1);
    sources_.push_back(source);
}

std::uint64_t Acquaintance::reach() const {
    return kRepeatWindow + kBatches * std::max(count_, count_before_);
}

bool Acquaintance::is_plausible(const Word& word) const {
    if (is_near(word.first) || word.came_at <= shows_until_) return true;
    Clock::Instant::duration silence = word.came_at - heard_at_;
    if (word.after_drops) silence += kLongestPause;
    return word.first - next_ <= most_messages_within(silence);
}

void Acquaintance::heard(const Word& word) {
    if (sources_.empty()) add(word.source);
    if (!trusts(word)) return hear_newcomer(word);
    heir_messages_ = 0;
    add(word.source);
    if (word.came_at - counts_since_ >= kOrderPatience) {
        count_before_ = count_;
        count_ = 0;
        counts_since_ = word.came_at;
    }
    count_messages(count_, word.count);
    next_ = std::max(next_, word.first + word.count);
    heard_at_ = word.came_at;
}

void Acquaintance::hear_newcomer(const Word& word) {
    const auto [address, port] = word.source;
    if (std::ranges::find(sources_, address, &Endpoint::address) == sources_.end()) return;
    const bool goes_on = port == heir_port_ && word.first == heir_next_;
    const std::uint64_t before = goes_on ? heir_messages_ : 0;
    heir_messages_ =
        static_cast<std::uint16_t>(std::min<std::uint64_t>(kMessagesOfHeir, before + word.count));
    heir_port_ = port;
    heir_next_ = word.first + word.count;
    if (heir_messages_ < kMessagesOfHeir) return;
    add(word.source);
    next_ = std::max(next_, heir_next_);
}

void Acquaintance::restore(std::uint64_t next, Clock::Instant heard_at, Clock::Instant now) {
    next_ = next;
    heard_at_ = heard_at;
    shows_until_ = now + kSourcesShowFor;
}

void Acquaintance::add_second(const Second& second) {
    if (std::ranges::find(seconds_, second.origin, &Second::origin) != seconds_.end()) return;
    if (seconds_.size() == kMostSeconds) seconds_.erase(seconds_.begin());
    seconds_.push_back(second);
}

std::uint64_t origin_of_second(std::uint64_t origin, const Endpoint& source) {
    const IpAddress& address = source.address;
    std::uint64_t halves[2];
    static_assert(sizeof halves == sizeof address.octets);
    std::memcpy(halves, address.octets.data(), sizeof halves);
    // Does a step of splitmix64 (public domain) for each part.
    const auto mix = [&origin](std::uint64_t part) {
        origin += part + 0x9E37'79B9'7F4A'7C15;
        origin = (origin ^ (origin >> 30)) * 0xBF58'476D'1CE4'E5B9;
        origin = (origin ^ (origin >> 27)) * 0x94D0'49BB'1331'11EB;
        origin ^= origin >> 31;
    };
    mix(halves[0]);
    mix(halves[1]);
    mix((std::uint64_t{source.port} << 32) | address.scope_id);
    return origin;
}

}  // namespace mailslot::post
