#include "inbox/room_maker.h"

#include <algorithm>

#include "base/crash_point.h"
#include "base/saturating.h"
#include "inbox/meta.h"
#include "os/futex.h"

namespace mailslot::inbox {
namespace {

// Most messages dropped at once; a reader waits some 0.3 ms for that.
constexpr std::uint64_t kDropsAtOnce = 8192;

}  // namespace

Excess find_excess(const RecordReader& records, std::uint64_t wanted_bytes) {
    const Limits& limits = records.segment().geometry().limits;
    const std::uint64_t wanted = std::min(wanted_bytes, limits.max_message_bytes);
    const std::uint64_t bytes = std::min(limits.kept_bytes, limits.max_bytes - wanted);
    const auto over = [](std::uint64_t put, std::uint64_t taken, std::uint64_t kept) {
        const std::uint64_t waiting = put > taken ? put - taken : 0;
        return waiting > kept ? waiting - kept : 0;
    };
    const TailCopy tail = read_tail(records.segment().header());
    const Consumed& consumed = records.consumed();
    return {over(tail.count, consumed.count, limits.kept_messages),
            over(tail.bytes, consumed.bytes, bytes)};
}

RecordReader::Took RoomMaker::drop_some(RecordReader& records, const Excess& excess,
                                        std::uint64_t& dropped) {
    using Took = RecordReader::Took;
    const Consumed before = records.consumed();
    const auto done = [&] { return records.consumed().count - before.count; };
    Took took = Took::message;
    while (took == Took::message && done() < kDropsAtOnce &&
           (done() < excess.messages || records.consumed().bytes - before.bytes < excess.bytes)) {
        took = records.skip();
        if (took == Took::message) note_drop(records.last());
        MAILSLOT_CRASH_POINT(reader_making_room);
    }
    dropped += done();
    records.publish();
    Header& header = records.segment().header();
    header.room_wanted.store(0, std::memory_order_seq_cst);
    os::futex_wake_all(header.room_wanted);
    return took;
}

void RoomMaker::note_drop(const RecordEnvelope& dropped) {
    std::uint64_t lost = 1;
    if (dropped.kind == RecordKind::network) {
        if (meta_.number != dropped.meta_number) {
            meta_ = {dropped.meta_number, decode_meta(dropped.meta()).lost_before};
        }
        // Losses that the dropped message would have reported.
        count_up(lost, meta_.lost_before);
    }
    drops_.add(dropped.origin, 1, lost);
    ++count_;
}

}  // namespace mailslot::inbox
