// Computes rates and recent losses from the samples of `mailslot watch`. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mailslot/slot_info.h"
#include "wire/local_message.h"

namespace mailslot::cli {

// State of this machine at a moment.
struct Sample {
    std::chrono::steady_clock::time_point at{};
    std::chrono::system_clock::time_point time{};
    std::vector<SlotInfo> slots;
    std::vector<std::pair<std::string, SenderInfo>> senders;  // with the name of their slot
    std::uint64_t senders_left_out = 0;                       // senders beyond the number looked at
    std::vector<wire::NamedCounter> machine;  // the post office's counters; empty: no post office
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
    double seconds = 0;              // since the look before; 0: first look
    std::vector<SlotRow> slots;      // by name
    std::vector<SenderRow> senders;  // senders with the most losses and messages first
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
