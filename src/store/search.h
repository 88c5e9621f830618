// Walks over a store and finds the messages that a query matches: docs/history.md, "Reading".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/block_messages.h"
#include "store/matcher.h"
#include "store/store_reader.h"

namespace mailslot::store {

enum class Direction : std::uint8_t { newest_first, oldest_first };

struct SearchCounters {
    std::uint64_t messages = 0;  // in the blocks looked at
    std::uint64_t blocks = 0;
    std::uint64_t blocks_read = 0;        // whose columns or texts were needed
    std::uint64_t unreadable_blocks = 0;  // damaged, and left out
};

// Threads: one at a time.
class Search {
public:
    // `reader` must outlive the search.
    Search(StoreReader& reader, Query query, Direction direction);

    // Begins at that message (oldest first), or at the message before it (newest first).
    void start_at(Position position) { at_ = position; }
    // Leaves texts unread where the query does not need them. Matches then have none.
    void without_texts() { with_texts_ = false; }

    // Looks at the next block, and at some more while nothing matches. Returns false if there is
    // none: newest first, the search is over; oldest first, more may come later.
    // Errors: no_resources, no_permission, timed_out; bad_packet, if the store cannot be walked on.
    Result<bool> next_block();

    // The matches, all of one block, in the direction of the search. Borrowed until next_block().
    std::size_t size() const { return matches_.size(); }
    StoredMessage operator[](std::size_t index) const { return messages_[matches_[index]]; }

    const SearchCounters& counters() const { return counters_; }
    Position position() const { return at_; }  // where the next block begins, or the last ended

private:
    enum class Found : std::uint8_t { matches, nothing };

    Result<bool> look_at_next();
    Result<std::optional<Block>> find_block();
    Result<std::optional<Block>> walk_on(const Error& error);
    Result<Found> look_at(const Block& block);
    Result<bool> load_columns(const Block& block);  // false: the chunk has gone
    Result<bool> load_texts(const Block& block);
    Result<Found> match_rows(const Block& block);
    bool is_wanted(const Block& block, std::size_t row) const;

    StoreReader& reader_;
    Matcher matcher_;
    Direction direction_;
    Position at_;
    bool with_texts_ = true;
    BlockMessages messages_;
    std::string folded_;
    std::vector<std::uint32_t> matches_;
    SearchCounters counters_;
};

}  // namespace mailslot::store
