// The inbox in a single thread: cost of a put and a get if no other processor has the cache lines.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"
#include "inbox/testing/record.h"

namespace mailslot::inbox {
namespace {

struct Slot {
    std::shared_ptr<Inbox> inbox = Inbox::create({"BENCH", "BENCH"}, {}).value();
    std::unique_ptr<os::Liveness> liveness = os::Liveness::create().value();
    InboxWriter writer = attach();

    InboxWriter attach() {
        WriterPass pass = inbox->admit_writer().value();
        return InboxWriter(Segment::attach(std::move(pass.segment)).value(),
                           os::LivenessView::attach(liveness->fd()).value(), pass.number,
                           std::move(pass.event));
    }
};

void take_all(Slot& slot, std::size_t count, Record& record, benchmark::State& state) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!get_nowait(*slot.inbox, record)) state.SkipWithError("a message is missing");
        benchmark::DoNotOptimize(record.payload.data());
    }
}

void put_and_get(benchmark::State& state) {
    Slot slot;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const Item item{.origin = 7, .sequence = 1, .payload = as_bytes(payload)};
    Record record;
    for (auto _ : state) {
        if (!slot.writer.put({&item, 1})) state.SkipWithError("the slot refused");
        take_all(slot, 1, record, state);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(put_and_get)->Arg(16)->Arg(100)->Arg(400)->Arg(1400)->Arg(8192);

void put_batch_and_get(benchmark::State& state) {
    constexpr std::size_t kBatch = 32;
    Slot slot;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const std::vector<Item> items(kBatch,
                                  Item{.origin = 7, .sequence = 1, .payload = as_bytes(payload)});
    Record record;
    for (auto _ : state) {
        const auto taken = slot.writer.put(items);
        if (!taken) state.SkipWithError("the slot refused");
        take_all(slot, *taken, record, state);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(put_batch_and_get)->Arg(16)->Arg(100)->Arg(1400);

// Put and get, each timed alone. 512 messages of 400 bytes stay within the warm blocks.
constexpr std::size_t kHalf = 512;

void put_alone(benchmark::State& state) {
    Slot slot;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const Item item{.origin = 7, .sequence = 1, .payload = as_bytes(payload)};
    Record record;
    while (state.KeepRunningBatch(kHalf)) {
        for (std::size_t i = 0; i < kHalf; ++i) {
            if (!slot.writer.put({&item, 1})) state.SkipWithError("the slot refused");
        }
        state.PauseTiming();
        take_all(slot, kHalf, record, state);
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(put_alone)->Arg(16)->Arg(100)->Arg(400);

void get_alone(benchmark::State& state) {
    Slot slot;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    const Item item{.origin = 7, .sequence = 1, .payload = as_bytes(payload)};
    Record record;
    while (state.KeepRunningBatch(kHalf)) {
        state.PauseTiming();
        for (std::size_t i = 0; i < kHalf; ++i) {
            if (!slot.writer.put({&item, 1})) state.SkipWithError("the slot refused");
        }
        state.ResumeTiming();
        take_all(slot, kHalf, record, state);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(get_alone)->Arg(16)->Arg(100)->Arg(400);

void get_nothing(benchmark::State& state) {
    Slot slot;
    Record record;
    for (auto _ : state) benchmark::DoNotOptimize(get_nowait(*slot.inbox, record).has_value());
}
BENCHMARK(get_nothing);

}  // namespace
}  // namespace mailslot::inbox
