// Runs a fuzz target without libFuzzer: replay_<what> CORPUS [SEED]. Runs every file of the corpus,
// every prefix of each, then mutations with a fixed seed, all within kBudget.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc, char*** argv);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBudget{3000};  // the slowest sanitizer still ends within 5 s
constexpr std::size_t kMaxPrefixesPerFile = 4096;   // longer files are cut at even distances
constexpr std::size_t kMutationsPerFile = 500;
constexpr std::size_t kMaxMutationSteps = 4;
constexpr std::uint32_t kSeed = 17138;

const Input* running = nullptr;  // saved if the run crashes

// Saves the input that crashed the program, so that it can be run again. Called during a crash:
// only open and write are allowed.
void save_running_input() {
    if (running == nullptr) return;
    std::FILE* file = std::fopen("crash-input", "wb");
    if (file == nullptr) return;
    std::fwrite(running->data(), 1, running->size(), file);
    std::fclose(file);
    std::fprintf(stderr, "replay: died on %zu bytes, saved in ./crash-input\n", running->size());
}

void on_signal(int signal) {
    save_running_input();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void run(const Input& input) {
    // Memory of exactly this size, so that a sanitizer sees a read of one byte too many.
    const auto exact = std::make_unique<std::uint8_t[]>(input.size());
    std::copy(input.begin(), input.end(), exact.get());
    running = &input;
    LLVMFuzzerTestOneInput(exact.get(), input.size());
    running = nullptr;
}

std::vector<Input> load(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file()) paths.push_back(entry.path());
    }
    // The same order, hence the same mutations, on every machine.
    std::sort(paths.begin(), paths.end());
    std::vector<Input> corpus;
    for (const auto& path : paths) {
        std::ifstream in(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    return corpus;
}

class Mutator {
public:
    Mutator(const std::vector<Input>& corpus, std::uint32_t seed)
        : corpus_(corpus), random_(seed) {}

    Input mutate(Input input) {
        for (std::size_t steps = 1 + below(kMaxMutationSteps); steps > 0; --steps) step(input);
        return input;
    }

private:
    // Not std::uniform_int_distribution, whose results differ between libraries.
    std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

    std::uint8_t byte() {
        constexpr std::uint8_t kTelling[] = {0, 1, 0x7F, 0x80, 0xFF};
        return below(2) == 0 ? kTelling[below(std::size(kTelling))]
                             : static_cast<std::uint8_t>(random_());
    }

    void step(Input& input) {
        const auto at = input.begin() + static_cast<std::ptrdiff_t>(below(input.size()));
        const std::size_t left = static_cast<std::size_t>(input.end() - at);
        switch (input.empty() ? 2 : below(6)) {
            case 0:
                *at = byte();
                break;
            case 1:
                *at ^= static_cast<std::uint8_t>(1u << below(8));
                break;
            case 2:
                input.insert(at, byte());
                break;
            case 3:
                input.erase(at, at + static_cast<std::ptrdiff_t>(1 + below(left)));
                break;
            case 4:
                splice(input, at);
                break;
            default:
                *at = static_cast<std::uint8_t>(*at + (below(2) == 0 ? 1 : -1));
        }
    }

    // Replaces the rest of `input` by the rest of another file.
    void splice(Input& input, Input::iterator at) {
        const Input other = corpus_[below(corpus_.size())];
        const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size()));
        input.erase(at, input.end());
        input.insert(input.end(), from, other.end());
    }

    const std::vector<Input>& corpus_;
    std::mt19937 random_;
};

std::size_t run_prefixes(const Input& file, Clock::time_point deadline) {
    const std::size_t step = file.size() / kMaxPrefixesPerFile + 1;
    std::size_t runs = 0;
    for (std::size_t size = 0; size < file.size() && Clock::now() < deadline;
         size += step, ++runs) {
        run(Input(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)));
    }
    return runs;
}

int replay(const std::vector<Input>& corpus, std::uint32_t seed) {
    const auto deadline = Clock::now() + kBudget;
    for (const Input& file : corpus) run(file);  // all files, regardless of the time
    std::size_t prefixes = 0, mutations = 0;
    for (const Input& file : corpus) prefixes += run_prefixes(file, deadline);
    Mutator mutator(corpus, seed);
    for (std::size_t round = 0; round < kMutationsPerFile; ++round) {
        for (const Input& file : corpus) {
            if (Clock::now() >= deadline) break;
            run(mutator.mutate(file));
            ++mutations;
        }
    }
    std::printf("%zu files, %zu prefixes, %zu mutations with seed %u%s\n", corpus.size(), prefixes,
                mutations, seed, Clock::now() >= deadline ? "; stopped by the clock" : "");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3) {
        std::fprintf(stderr, "usage: %s CORPUS [SEED]\n", argv[0]);
        return 2;
    }
    const std::filesystem::path folder = argv[1];
    const std::vector<Input> corpus =
        std::filesystem::is_directory(folder) ? load(folder) : std::vector<Input>{};
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: no such folder, or nothing in it\n", argv[1]);
        return 1;
    }
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
        // A sanitizer handles other signals itself, and then calls back.
        if (&__sanitizer_set_death_callback == nullptr || signal == SIGABRT)
            std::signal(signal, on_signal);
    }
    if (&__sanitizer_set_death_callback != nullptr)
        __sanitizer_set_death_callback(save_running_input);
    if (&LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
    return replay(
        corpus, argc == 3 ? static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)) : kSeed);
}
