// Takes the messages of slots into a store, until told to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "mailslot/mailslot.h"
#include "store/store_writer.h"

namespace mailslot::cli {

// Threads: one at a time.
class Keeper {
public:
    Keeper(std::vector<Reader> readers, store::StoreWriter writer, const Clock& clock);

    // Takes messages that wait, at most some hundred of each slot. Returns false if none waited.
    // Errors: those of Reader::get_into(), but for timed_out.
    Result<bool> take_turn();
    // Commits, and looks for losses and steps of the clock, each when due.
    void work();
    // Returns when work() has something to do, if ever.
    std::optional<Clock::Instant> due_at() const;
    void end(std::string_view why);  // stores the rest

    const std::vector<Reader>& readers() const { return readers_; }
    std::vector<Reader>& readers() { return readers_; }
    const store::StoreWriter& writer() const { return writer_; }
    const store::WriterCounters& counters() const {
        return writer_.counters();
    }                            // also after end()
    std::uint64_t lost() const;  // of all slots

private:
    void keep(const Message& message, std::int64_t now_us);
    void note_losses();
    void note_clock();

    std::vector<Reader> readers_;
    store::StoreWriter writer_;
    const Clock& clock_;
    Message message_{};
    std::string labels_{};
    std::vector<Losses> lost_;  // as noted, for each slot
    Clock::Instant committed_, looked_;
    std::int64_t clock_offset_us_;  // wall clock minus steady clock
};

}  // namespace mailslot::cli
