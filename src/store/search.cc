#include "store/search.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/limits.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

// Damaged places in a row after which a store is given up: each costs a look.
constexpr int kMostDamaged = 10000;

// Blocks without a match in one transaction. A transaction costs as much as a look into a filter.
constexpr int kMostBlocks = 64;

constexpr Position kBegin{};
constexpr Position kEnd{std::numeric_limits<std::uint64_t>::max(),
                        std::numeric_limits<std::uint32_t>::max()};

bool is_damage(const Error& error) { return error.code == Errc::bad_packet; }

}  // namespace

Search::Search(StoreReader& reader, Query query, Direction direction)
    : reader_(reader),
      matcher_(std::move(query)),
      direction_(direction),
      at_(direction == Direction::newest_first ? kEnd : kBegin) {}

Result<bool> Search::next_block() {
    // The caller may take its time with matches, so the transaction ends before.
    const auto transaction = reader_.transaction();
    if (!transaction) return transaction.error();
    matches_.clear();
    for (int i = 0; i < kMostBlocks && matches_.empty(); ++i) {
        const auto more = look_at_next();
        if (!more) return more;
        if (!*more) return i > 0;
    }
    return true;
}

Result<bool> Search::look_at_next() {
    auto block = find_block();
    if (!block) return block.error();
    if (!*block) return false;
    ++counters_.blocks;
    counters_.messages += (*block)->rows;
    const auto found = look_at(**block);
    at_ = direction_ == Direction::newest_first
              ? (*block)->first
              : Position{(*block)->first.chunk, (*block)->first.row + (*block)->rows};
    if (!found && !is_damage(found.error())) return found.error();
    if (!found) {
        matches_.clear();
        ++counters_.unreadable_blocks;
    }
    return true;
}

Result<std::optional<Block>> Search::find_block() {
    auto block = direction_ == Direction::newest_first ? reader_.block_before(at_)
                                                       : reader_.block_at_or_after(at_);
    if (block || !is_damage(block.error())) return block;
    return walk_on(block.error());
}

// Looks for a block behind a damaged place of the file.
Result<std::optional<Block>> Search::walk_on(const Error& error) {
    ++counters_.unreadable_blocks;
    if (at_ == kEnd) return error;  // not even the last chunk's number can be read
    for (int i = 0; i < kMostDamaged; ++i) {
        if (direction_ == Direction::newest_first) {
            if (at_.chunk == 0) return std::optional<Block>();
            at_ = {at_.chunk - (at_.row == 0 ? 1 : 0), 0};
        } else {
            at_ = {at_.chunk + 1, 0};
        }
        auto block = direction_ == Direction::newest_first ? reader_.block_before(at_)
                                                           : reader_.block_at_or_after(at_);
        if (block || !is_damage(block.error())) return block;
    }
    return error;
}

// Asks for one part of the block after the other, and ends at the first that excludes all messages.
Result<Search::Found> Search::look_at(const Block& block) {
    if (matcher_.of_extent(block.extent) == Verdict::no) return Found::nothing;
    if (matcher_.needs_filter() && block.is_packed) {
        const auto bytes = reader_.filter(block.first.chunk);
        if (!bytes) return bytes.error();
        if (!*bytes) return Found::nothing;
        const auto filter = TokenFilter::decode(**bytes);
        if (!filter) return filter.error();
        if (matcher_.of_filter(*filter) == Verdict::no) return Found::nothing;
    }
    if (auto loaded = messages_.load_sources(block); !loaded) return loaded.error();
    if (matcher_.needs_sources() && matcher_.of_sources(messages_.sources()) == Verdict::no)
        return Found::nothing;
    ++counters_.blocks_read;
    // Texts are larger than columns, but a search for texts alone needs no columns to exclude them.
    const bool texts_first = matcher_.needs_folded() && !matcher_.needs_columns();
    if (texts_first) {
        const auto loaded = load_texts(block);
        if (!loaded) return loaded.error();
        if (!*loaded || matcher_.of_folded_texts(folded_) == Verdict::no) return Found::nothing;
    }
    if (const auto loaded = load_columns(block); !loaded || !*loaded)
        return loaded ? Result<Found>(Found::nothing) : loaded.error();
    for (std::size_t row = 0; row < messages_.size(); ++row) {
        if (is_wanted(block, row) && matcher_.of_row(messages_.rows()[row]) != Verdict::no)
            matches_.push_back(static_cast<std::uint32_t>(row));
    }
    if (matches_.empty()) return Found::nothing;
    if (!texts_first && (matcher_.needs_texts() || with_texts_)) {
        if (const auto loaded = load_texts(block); !loaded || !*loaded) {
            matches_.clear();
            return loaded ? Result<Found>(Found::nothing) : loaded.error();
        }
    }
    return match_rows(block);
}

Result<bool> Search::load_columns(const Block& block) {
    std::string_view frame = block.columns;
    if (block.is_packed) {
        const auto bytes = reader_.columns(block.first.chunk);
        if (!bytes) return bytes.error();
        if (!*bytes) return false;
        frame = **bytes;
    }
    if (auto loaded = messages_.load_columns(block, frame); !loaded) return loaded.error();
    return true;
}

Result<bool> Search::load_texts(const Block& block) {
    std::string_view frame = block.texts;
    if (block.is_packed) {
        const auto bytes = reader_.texts(block.first.chunk);
        if (!bytes) return bytes.error();
        if (!*bytes) return false;
        frame = **bytes;
    }
    if (auto loaded = messages_.load_texts(frame); !loaded) return loaded.error();
    if (matcher_.needs_folded()) {
        folded_.clear();
        append_folded(folded_, messages_.texts());
    }
    return true;
}

// Decides about the rows that the columns allow.
Result<Search::Found> Search::match_rows(const Block&) {
    if (matcher_.needs_texts() || with_texts_) {
        if (auto checked = messages_.check(); !checked) return checked.error();
    }
    if (matcher_.needs_texts()) {
        std::erase_if(matches_, [this](std::uint32_t index) {
            const Row& row = messages_.rows()[index];
            const std::size_t at = messages_.text_at(index);
            const std::string_view folded =
                matcher_.needs_folded() ? std::string_view(folded_).substr(at, row.text_bytes)
                                        : std::string_view();
            return !matcher_.matches(row, messages_.texts().substr(at, row.text_bytes), folded);
        });
    }
    if (direction_ == Direction::newest_first) std::ranges::reverse(matches_);
    return Found::matches;
}

bool Search::is_wanted(const Block& block, std::size_t row) const {
    const Position position{block.first.chunk, block.first.row + static_cast<std::uint32_t>(row)};
    return direction_ == Direction::newest_first ? position < at_ : position >= at_;
}

}  // namespace mailslot::store
