// The names of the causes of a loss, the same everywhere.
#pragma once

#include <cstdint>
#include <string_view>

#include "mailslot/types.h"

namespace mailslot {

// Calls `each(name, count)` for every cause, even if its count is 0.
template <class F>
void for_each_cause(const Losses& lost, F&& each) {
    static_assert(sizeof(Losses) == 9 * sizeof(std::uint64_t), "a new cause wants a line here");
    each(std::string_view("slot_full"), lost.slot_full);
    each(std::string_view("dropped_oldest"), lost.dropped_oldest);
    each(std::string_view("message_too_big"), lost.message_too_big);
    each(std::string_view("network_gap"), lost.network_gap);
    each(std::string_view("kernel_drop"), lost.kernel_drop);
    each(std::string_view("fragment_timed_out"), lost.fragment_timed_out);
    each(std::string_view("not_trusted"), lost.not_trusted);
    each(std::string_view("over_limit"), lost.over_limit);
    each(std::string_view("bad_record"), lost.bad_record);
}

}  // namespace mailslot
