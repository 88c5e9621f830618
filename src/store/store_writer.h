// Writes messages into a store: docs/history.md, "Writing".
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "mailslot/result.h"
#include "store/stored_message.h"

namespace mailslot::store {

// Bounds of a store. The oldest chunks beyond them are removed.
struct Retention {
    std::uint64_t max_bytes = 0;           // of the file; 0: no bound
    std::chrono::microseconds max_age{0};  // since keeping; 0: no bound
};

struct WriterCounters {
    std::uint64_t taken = 0;       // by append()
    std::uint64_t stored = 0;      // in the file, by this writer
    std::uint64_t not_stored = 0;  // lost: too big, or no room on the disk
    std::uint64_t chunks = 0;      // packed by this writer
    std::uint64_t file_bytes = 0;  // used by the file at the last commit
};

// Threads: one at a time.
class StoreWriter {
public:
    // Opens or makes the file, which no other writer may have open. Makes it for this user alone.
    // Errors: no_permission, no_resources, timed_out, bad_packet (the file is no store, or damaged),
    //         slot_exists (another keeper writes it).
    static Result<StoreWriter> open(const std::string& path, const Retention& retention,
                                    const Clock& clock);
    StoreWriter(StoreWriter&&) noexcept;
    StoreWriter& operator=(StoreWriter&&) noexcept;
    ~StoreWriter();  // closes

    // Takes the message, and counts it if it cannot be stored. Never fails, and never waits but for
    // the disk.
    void append(const StoredMessage& message);
    // Adds an event about the moment before the next message.
    void note(std::string_view kind, std::uint64_t count = 0, std::string_view detail = {});

    // Stores what was taken. Call it at most every kCommitGap while messages come.
    void commit();
    bool has_uncommitted() const;

    const WriterCounters& counters() const;
    // Why messages are not stored at the moment; nullopt if they are.
    const std::optional<Error>& trouble() const;
    Position next_position() const;  // of the next message

    // Commits, packs the rest and leaves one ordinary file if no reader has it open. Counters stay.
    void close();

private:
    struct State;
    explicit StoreWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace mailslot::store
