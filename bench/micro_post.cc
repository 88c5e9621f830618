// What the post office costs for a message, from the datagram to the call that puts it into the
// slot.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "post/post_office.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

constexpr std::size_t kDatagrams = 54;  // as many as one piece of the kernel's holds

// Full datagrams of one writer, whose numbers go on with each round.
class Stream {
public:
    explicit Stream(std::size_t payload_bytes) : payload_(payload_bytes, 'x') {
        message_.slot = "LISTENER";
        message_.from_host = "alpha";
        message_.station = 1;
        message_.origin = 2;
        message_.sequence = 1;
        message_.sent_at_us = 1'700'000'000'000'000;
        message_.payload = as_bytes(payload_);
        write();
    }
    std::size_t messages() const { return each_ * kDatagrams; }
    // Decodes them all.
    std::span<const Parcel> decode() {
        parcels_.clear();
        std::size_t used = 0;
        for (const std::vector<std::byte>& datagram : datagrams_) {
            const auto parcel = wire::decode_frame(datagram, std::span(contents_).subspan(used));
            parcels_.push_back(parcel.value());
            used += parcel->size();
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
    std::vector<Content> contents_{kDatagrams * wire::kMaxFrameMessages};
    std::vector<Parcel> parcels_;
};

// Range 0: bytes of a message; range 1: how often each datagram comes.
void receive(benchmark::State& state) {
    Stream stream(static_cast<std::size_t>(state.range(0)));
    SystemClock clock;
    std::size_t taken = 0;
    post::PostOffice office({}, clock, [&](std::string_view, std::span<const Parcel> parcels) {
        std::size_t count = 0;
        for (const Parcel& parcel : parcels) count += parcel.size();
        taken += count;
        return Result<std::size_t>(count);
    });
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

}  // namespace
}  // namespace mailslot
