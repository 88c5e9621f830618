// The public ends on one machine, in a single thread, and the same while a burst waits.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "mailslot/mailslot.h"

namespace mailslot {
namespace {

// Reader and writer in a folder of this process, which the first object makes.
struct Ends {
    Ends() {
        static const bool is_set = [] {
            std::string folder =
                (std::filesystem::temp_directory_path() / "mailslot-micro-XXXXXX").string();
            if (mkdtemp(folder.data()) == nullptr) std::abort();
            static const std::string made = folder;
            setenv("MAILSLOT_DIR", made.c_str(), 1);
            setenv("MAILSLOT_PORT", "17999", 1);
            std::atexit([] { std::filesystem::remove_all(made); });
            return true;
        }();
        static_cast<void>(is_set);
        reader.emplace(Reader::create("BENCH").value());
        writer.emplace(Writer::open("BENCH").value());
    }
    std::optional<Reader> reader;
    std::optional<Writer> writer;
};

void ends_put_and_get_into(benchmark::State& state) {
    Ends ends;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    Message message;
    for (auto _ : state) {
        if (!ends.writer->put(payload)) state.SkipWithError("put failed");
        if (!ends.reader->get_into(message)) state.SkipWithError("get failed");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ends_put_and_get_into)->Arg(16)->Arg(100)->Arg(1400)->Arg(8192);

// A new message each time: shows what get() costs more than get_into().
void ends_put_and_get(benchmark::State& state) {
    Ends ends;
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        if (!ends.writer->put(payload)) state.SkipWithError("put failed");
        benchmark::DoNotOptimize(ends.reader->get());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ends_put_and_get)->Arg(16)->Arg(100)->Arg(1400)->Arg(8192);

// 4 MiB wait at a time: blocks beyond the warm blocks are taken from the system and given back.
void ends_burst(benchmark::State& state) {
    Ends ends;
    const std::size_t size = static_cast<std::size_t>(state.range(0));
    const std::size_t count = 4 * 1024 * 1024 / size;
    const std::string payload(size, 'x');
    Message message;
    for (auto _ : state) {
        for (std::size_t i = 0; i < count; ++i) {
            if (!ends.writer->put(payload)) state.SkipWithError("put failed");
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (!ends.reader->get_into(message)) state.SkipWithError("get failed");
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(ends_burst)->Arg(100)->Arg(1400);

}  // namespace
}  // namespace mailslot
