#include "carrier/pace/sent_marks.h"

#include <algorithm>
#include <utility>

namespace mailslot {
namespace {

constexpr std::size_t kFirstSize = 64;
// Datagrams that leave one by one within this time share an entry, up to a piece.
constexpr std::chrono::microseconds kTogether{20};
constexpr std::size_t kPieceBytes = 65000;

// Returns the share of `after` that lies before `mark`, of the stream from `before` on.
double share_of(wire::Mark before, wire::Mark mark, wire::Mark after) {
    const auto part = [](std::uint64_t whole, std::uint64_t some) {
        return static_cast<double>(some) / static_cast<double>(whole);
    };
    if (before.sequence != after.sequence) {
        return part(after.sequence - before.sequence, mark.sequence - before.sequence);
    }
    return part(after.part_end - before.part_end, mark.part_end - before.part_end);
}

}  // namespace

void SentMarks::left(wire::Mark from, wire::Mark mark, std::size_t bytes, bool is_paced,
                     Instant now) {
    const std::uint64_t before = bytes_;
    bytes_ += bytes;
    if (end_ > begin_) {
        Sent& last = ring_[(end_ - 1) % ring_.size()];
        const bool joins = now - last.left <= kTogether && last.is_paced == is_paced &&
                           last.mark == from && bytes_ - last_begun_at_ <= kPieceBytes;
        if (mark <= last.mark || joins) {
            last.mark = std::max(last.mark, mark);
            last.bytes = bytes_;
            return;
        }
    }
    make_room();
    last_begun_at_ = before;
    ring_[end_++ % ring_.size()] = {from, mark, bytes_, now, is_paced};
}

// Makes room for an entry: doubles the ring, or forgets the oldest entry.
void SentMarks::make_room() {
    if (end_ - begin_ < ring_.size()) return;
    if (ring_.size() == kMostSentMarks) {
        ++begin_;
        return;
    }
    std::vector<Sent> larger(std::max(kFirstSize, ring_.size() * 2));
    for (std::uint64_t i = begin_; i < end_; ++i) larger[i % larger.size()] = at(i);
    ring_ = std::move(larger);
}

std::optional<SentMarks::Sent> SentMarks::find(wire::Mark mark) const {
    if (begin_ == end_ || mark > at(end_ - 1).mark) return std::nullopt;
    std::uint64_t low = begin_, high = end_ - 1;  // the first entry not before the mark
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (at(middle).mark < mark) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Sent found = at(low);
    if (mark <= found.from || (low == begin_ && begin_ > 0)) return std::nullopt;
    const std::uint64_t before = low == begin_ ? 0 : at(low - 1).bytes;
    const double share = std::min(1.0, share_of(found.from, mark, found.mark));
    found.bytes = before + static_cast<std::uint64_t>(
                               static_cast<double>(found.bytes - before) * share + 0.5);
    found.mark = mark;
    return found;
}

}  // namespace mailslot
