#include "local/local_writer.h"

#include <algorithm>
#include <chrono>

#include "base/crash_point.h"
#include "local/ask_reader.h"
#include "wire/local_message.h"

namespace mailslot::local {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

constexpr std::chrono::hours kLongest{24};  // stands for "for ever"; avoids overflow in sums

}  // namespace

LocalWriter::LocalWriter(std::vector<SlotFolder> folders, std::string key,
                         std::chrono::milliseconds patience)
    : folders_(std::move(folders)),
      key_(std::move(key)),
      patience_(patience.count() < 0 ? kLongest : patience) {}

Result<void> LocalWriter::attach() {
    if (writer_ && !writer_->reader_is_gone()) return {};
    writer_.reset();
    connection_.hang_up();
    Error last{Errc::no_such_slot, "find slot"};
    for (const SlotFolder& folder : folders_) {
        auto attached = attach_in(folder);
        if (attached) return {};
        if (attached.error().code == Errc::interrupted) return attached;
        if (attached.error().code != Errc::no_such_slot) last = attached.error();
    }
    return last;
}

Result<void> LocalWriter::attach_in(const SlotFolder& folder) {
    const auto entry = folder.find(key_);
    if (!entry) return entry.error();
    if (!answer_by_) answer_by_ = std::chrono::steady_clock::now() + patience_;
    auto answer = ask_reader(*entry, {.op = LocalOp::attach}, answer_by_, interrupted_);
    if (answer || answer.error().code != Errc::interrupted) answer_by_.reset();
    if (!answer) return answer.error();
    // Events are not accepted from strangers.
    const bool takes_event = os::shares_events(answer->connection.fd());
    if (answer->message.op != LocalOp::attached || answer->fds.size() < 2 ||
        answer->fds.size() > (takes_event ? 3 : 2) || !os::is_shared_memory(answer->fds[0]) ||
        !os::is_shared_memory(answer->fds[1]) || answer->message.number == 0 ||
        answer->message.number >= inbox::kLockWaiters) {
        return Error{Errc::no_such_slot, "attach"};
    }
    auto reader = os::LivenessView::attach(answer->fds[1]);
    if (!reader) return reader.error();
    auto segment = inbox::Segment::attach(std::move(answer->fds[0]));
    // Another writer has damaged the segment: treat the slot as gone.
    if (!segment && segment.error().code == Errc::bad_segment) {
        return Error{Errc::no_such_slot, "attach", 0, segment.error().detail};
    }
    if (!segment) return segment.error();
    os::UniqueFd event = answer->fds.size() > 2 ? std::move(answer->fds[2]) : os::UniqueFd();
    MAILSLOT_CRASH_POINT(attached);
    connection_ = std::move(answer->connection);
    writer_ = std::make_shared<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                   answer->message.number, std::move(event));
    if (!takes_event) {  // another user's slot
        writer_->share_memory(
            [writer = writer_.get()] { return os::backed_bytes(writer->memory()); });
    }
    writer_->set_lock_patience(patience_);
    writer_->set_interrupted(interrupted_);
    return {};
}

Result<std::size_t> LocalWriter::put(std::span<const inbox::Item> items,
                                     inbox::InboxWriter::Refusal refusal) {
    for (int attempt = 0;; ++attempt) {
        if (!writer_) [[unlikely]] {
            if (auto attached = attach(); !attached) return attached.error();
        }
        auto put = writer_->put(items, refusal);
        settle_wants();
        if (put) [[likely]]
            return put;
        if (put.error().code == Errc::slot_full && writer_->drops_oldest()) {
            put = put_into_full(items);
            if (put) return put;
            if (refusal == inbox::InboxWriter::Refusal::counted)
                writer_->count_refusal(put.error().code);
        }
        if (put.error().code == Errc::no_resources) return put_when_backed(items, put.error());
        const bool lost =
            put.error().code == Errc::no_such_slot || put.error().code == Errc::bad_segment;
        if (!lost) return put;
        writer_.reset();
        if (attempt == 1) return Error{Errc::no_such_slot, "put"};
    }
}

// Asks for room and waits for it briefly.
// Errors: as put's
Result<std::size_t> LocalWriter::put_into_full(std::span<const inbox::Item> items) {
    const std::size_t bytes = items[0].payload.size();
    auto now = std::chrono::steady_clock::now();
    const auto full = [this] {
        return Error{Errc::slot_full, "put", 0,
                     key_ + ": its reader drops the oldest messages, but does not run"};
    };
    if (now < patient_from_) return full();
    const auto deadline = now + kRoomPatience;
    for (;;) {
        (void)ask_station_for_room(bytes);
        const auto waited = writer_->wait_for_room(bytes, deadline);
        if (!waited && waited.error().code == Errc::no_such_slot) return waited.error();
        auto put = writer_->put(items);
        settle_wants();
        if (put || put.error().code != Errc::slot_full) return put;
        // Room was made, but other writers were faster.
        now = std::chrono::steady_clock::now();
        if (waited && now < deadline) continue;
        patient_from_ = now + kNoPatienceFor;
        return full();
    }
}

// Waits briefly for memory that the station provides.
// Errors: as put's
Result<std::size_t> LocalWriter::put_when_backed(std::span<const inbox::Item> items,
                                                 const Error& refused) {
    const auto begun = std::chrono::steady_clock::now();
    if (begun < patient_from_) return refused;
    const auto deadline = begun + kRoomPatience;
    for (;;) {
        ask_station(inbox::InboxWriter::kWantsMemory);
        writer_->wait_for_memory(deadline);
        auto put = writer_->put(items);
        settle_wants();
        if (put || put.error().code != Errc::no_resources) return put;
        const auto now = std::chrono::steady_clock::now();
        if (now < deadline) continue;
        patient_from_ = now + kNoPatienceFor;
        return put;
    }
}

void LocalWriter::ask_station(std::uint8_t wants) {
    if ((wants & inbox::InboxWriter::kWantsMemory) != 0) {
        (void)os::send_packet(connection_.fd(), wire::encode({.op = LocalOp::back_memory}));
    }
    if ((wants & inbox::InboxWriter::kWantsRing) != 0) ask_station_to_ring();
    const bool wants_room = (wants & inbox::InboxWriter::kWantsRoom) != 0;
    // Tries again later: the full socket may hold nothing but rings.
    if (wants_room && !ask_station_for_room(0)) writer_->want(inbox::InboxWriter::kWantsRoom);
}

bool LocalWriter::ask_station_for_room(std::size_t bytes) {
    return os::send_packet(connection_.fd(),
                           wire::encode({.op = LocalOp::make_room,
                                         .number = static_cast<std::uint32_t>(bytes)}))
        .has_value();
}

// Asks the station to ring in our place. The station sends the event descriptor, which is read here
// at the next call.
void LocalWriter::ask_station_to_ring() {
    const auto now = std::chrono::steady_clock::now();
    const bool takes_events = os::shares_events(connection_.fd());
    while (takes_events) {  // a station that sends none need not be read
        auto packet = os::receive_packet(connection_.fd(), now);
        if (!packet || packet->bytes.empty()) break;
        if (!packet->fds.empty()) writer_->set_event(std::move(packet->fds[0]));
    }
    // If the socket is full, enough rings are on their way.
    (void)os::send_packet(connection_.fd(), wire::encode({.op = LocalOp::ring}));
}

}  // namespace mailslot::local
