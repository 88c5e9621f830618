#include "post/ways.h"

#include <algorithm>

namespace mailslot::post {

bool Ways::have_passed(std::uint64_t sequence, Clock::Instant now) const {
    if (!are_known(now) && !is_known_to_be_only_one()) return false;
    return std::ranges::all_of(ways_, [&](const Way& way) {
        return way.next >= sequence || way.waits_in_vain >= kMostWaitsInVain;
    });
}

void Ways::waited_in_vain(std::uint64_t sequence) {
    for (Way& way : ways_) {
        if (way.next < sequence && way.waits_in_vain < kMostWaitsInVain) ++way.waits_in_vain;
    }
}

void Ways::add(std::uint32_t id, std::uint64_t next) {
    if (ways_.size() < kMaxWays) {
        ways_.push_back({next, id});
        return;
    }
    const auto is_staler = [](const Way& a, const Way& b) {
        return a.waits_in_vain != b.waits_in_vain ? a.waits_in_vain > b.waits_in_vain
                                                  : a.next < b.next;
    };
    *std::ranges::min_element(ways_, is_staler) = {next, id};
}

}  // namespace mailslot::post
