// What `mailslot watch` makes of what it sees every interval: rates, and what was lost meanwhile.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mailslot/mailslot.h"
#include "wire/local_message.h"

namespace mailslot::cli {

// One look at this machine.
struct Sample {
    std::chrono::steady_clock::time_point at{};
    std::chrono::system_clock::time_point time{};
    std::vector<SlotInfo> slots;
    std::vector<std::pair<std::string, SenderInfo>> senders;  // with the name of their slot
    std::uint64_t senders_left_out = 0;                       // there are more than one looks at
    std::vector<wire::NamedCounter> machine;  // what the post office counted; empty: there is none
};

struct SlotRow {
    SlotInfo slot;
    double messages_per_second = 0, bytes_per_second = 0;
    std::uint64_t lost_now = 0;  // since the look before
    std::deque<double> history;  // messages a second, the latest last
};

struct SenderRow {
    std::string slot;
    SenderInfo sender;
    double messages_per_second = 0;
    std::uint64_t lost_now = 0;
};

struct Picture {
    std::chrono::system_clock::time_point time{};
    double seconds = 0;              // since the look before; 0: there was none
    std::vector<SlotRow> slots;      // by name
    std::vector<SenderRow> senders;  // those that send or lose most first
    std::uint64_t senders_left_out = 0;
    std::vector<wire::NamedCounter> machine;
};

inline constexpr std::size_t kHistory = 12;

class WatchBook {
public:
    Picture add(Sample sample);

private:
    struct Slot {
        SlotInfo info;
        std::deque<double> history;
    };
    SlotRow row_of(const SlotInfo& slot, double seconds);
    SenderRow row_of(const std::string& slot, const SenderInfo& sender, double seconds) const;

    std::chrono::steady_clock::time_point before_{};
    bool has_looked_ = false;
    std::map<std::string, Slot> slots_;
    std::map<std::pair<std::string, std::uint64_t>, SenderInfo> senders_;
};

}  // namespace mailslot::cli
