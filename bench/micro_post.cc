// Cost of the post office per message, from the datagram to the call that puts the message into the
// slot, and of the whole way to the reader except for the kernel's part.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "api/message.h"
#include "base/check.h"
#include "inbox/get_now.h"
#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"
#include "inbox/testing/record.h"
#include "office/item_maker.h"
#include "post/post_office.h"
#include "post/testing/one_by_one.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

constexpr std::size_t kDatagrams = 54;  // fills a piece of the kernel

// Full datagrams of one writer. The sequence numbers go on with each round.
class Stream {
public:
    explicit Stream(std::size_t payload_bytes) : payload_(payload_bytes, 'x') {
        message_.slot = "LISTENER";
        message_.from_host = "alpha";
        message_.machine_id = 1;
        message_.origin = 2;
        message_.sequence = 1;
        message_.sent_at_us = 1'700'000'000'000'000;
        message_.payload = as_bytes(payload_);
        write();
    }
    std::size_t messages() const { return each_ * kDatagrams; }
    // Decodes all datagrams.
    std::span<const Parcel> decode() {
        parcels_.clear();
        for (const std::vector<std::byte>& datagram : datagrams_) {
            MAILSLOT_CHECK(wire::decode_frame(datagram, parcels_.emplace_back()));
        }
        return parcels_;
    }
    void go_on() {
        for (std::vector<std::byte>& datagram : datagrams_) {
            constexpr std::size_t kSequenceAt = 28;
            for (std::size_t i = 0; i < 8; ++i) {
                datagram[kSequenceAt + i] = std::byte(message_.sequence >> (56 - 8 * i));
            }
            message_.sequence += each_;
        }
    }

private:
    void write() {
        for (std::vector<std::byte>& datagram : datagrams_) {
            datagram.resize(kMaxDatagramBytes);
            wire::FrameWriter writer(datagram, message_);
            while (writer.add(message_)) ++message_.sequence;
            each_ = writer.count();
            datagram.resize(writer.finish().size());
        }
    }

    std::string payload_;
    Envelope message_;
    std::size_t each_ = 0;
    std::vector<std::vector<std::byte>> datagrams_{kDatagrams};
    std::vector<Parcel> parcels_;
};

// Range 0: bytes of a message. Range 1: how often each datagram comes.
void receive(benchmark::State& state) {
    Stream stream(static_cast<std::size_t>(state.range(0)));
    SystemClock clock;
    std::size_t taken = 0;
    post::TestSlots slots([&](std::string_view, std::span<const Parcel> parcels) {
        std::size_t count = 0;
        for (const Parcel& parcel : parcels) count += parcel.size();
        taken += count;
        return Result<std::size_t>(count);
    });
    post::PostOffice office({}, clock, slots);
    office.slot_opened("LISTENER");
    for (auto _ : state) {
        for (std::int64_t copy = 0; copy < state.range(1); ++copy) office.deliver(stream.decode());
        stream.go_on();
    }
    const std::size_t sent = static_cast<std::size_t>(state.iterations()) * stream.messages();
    if (taken != sent) state.SkipWithError("not all arrived");
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
}
BENCHMARK(receive)->Args({16, 1})->Args({100, 1})->Args({400, 1})->Args({100, 2});

void receive_and_get(benchmark::State& state) {
    Stream stream(static_cast<std::size_t>(state.range(0)));
    SystemClock clock;
    const auto inbox = inbox::Inbox::create({"LISTENER", "LISTENER"}, {}).value();
    const auto liveness = os::Liveness::create().value();
    inbox::WriterPass pass = inbox->admit_writer().value();
    inbox::InboxWriter writer(inbox::Segment::attach(std::move(pass.segment)).value(),
                              os::LivenessView::attach(liveness->fd()).value(), pass.number,
                              std::move(pass.event));
    office::ItemMaker items;
    post::TestSlots slots([&](std::string_view, std::span<const Parcel> parcels) {
        return writer.put(items.make(parcels, 256));
    });
    post::PostOffice office({}, clock, slots);
    office.slot_opened("LISTENER");
    MessageMaker maker("LISTENER", "alpha");
    Message message;
    const auto get = [&](const inbox::RecordEnvelope& record) { maker.make(message, record); };
    std::size_t taken = 0, bytes = 0;
    for (auto _ : state) {
        office.deliver(stream.decode());
        stream.go_on();
        inbox::Record record;  // the first record contains its sender's name
        for (;; ++taken) {
            if (!inbox->get_now(MessageAccess::memory_of(message), get)) {
                if (!inbox->get_nowait(record, MessageAccess::memory_of(message))) break;
                maker.make(message, record);
            }
            bytes += message.size();
        }
    }
    const std::size_t sent = static_cast<std::size_t>(state.iterations()) * stream.messages();
    if (taken != sent || bytes != sent * static_cast<std::size_t>(state.range(0))) {
        state.SkipWithError("not all arrived");
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
}
BENCHMARK(receive_and_get)->Arg(16)->Arg(100)->Arg(400)->Arg(1000);

}  // namespace
}  // namespace mailslot
