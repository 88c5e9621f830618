// Helper of bench/growth.py: ends whose number, place and pace the caller chooses, which the
// messaging harness cannot do. Each command prints `key=value` pairs on a line.
//
// scale read NAME [--writers N] [--cpu C] [--latency]: reads until every writer is done, or no more
// messages come.
//
// scale write ADDRESS [--size B] [--batch K] [--secs S] [--gap-us G] [--cpu C]: writes after a line
// has come on standard input.
//
// scale slots N [--written W] [--secs S]: a process reads N slots, another writes to the first W
// (all) in turn.
//
// scale idle N [--secs S]: a process has N slots, and no message comes.
//
// Writers to slots of this machine wait while a slot is full.
#include <mailslot/mailslot.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace mailslot;
using std::chrono::steady_clock;

constexpr Timeout kPatience{1500};            // wait of a reader for the first or next message
constexpr std::size_t kMostStamps = 1 << 20;  // latencies kept
constexpr int kDoneCopies = 5;                // copies may get lost over the network
constexpr std::string_view kDone = "done";    // shorter than any stamp

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "scale: %s\n", what.c_str());
    std::exit(1);
}

template <class T>
T need(Result<T> result) {
    if (!result) die(to_string(result.error()));
    return std::move(*result);
}

std::int64_t now_ns() {
    return std::chrono::nanoseconds(steady_clock::now().time_since_epoch()).count();
}

double processor_seconds(int who) {
    rusage use{};
    getrusage(who, &use);
    return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

// Parses options of the form `--name value`. Options without a value are listed here.
class Arguments {
public:
    Arguments(int count, char** words) {
        for (int i = 2; i < count; ++i) {
            const std::string word = words[i];
            if (word == "--latency")
                options_[word] = "1";
            else if (word.starts_with("--") && i + 1 < count)
                options_[word] = words[++i];
            else
                place_ = word;
        }
        if (place_.empty()) die("what is missing; the head of scale.cc says it");
    }
    const std::string& place() const { return place_; }
    double number(const char* name, double usual) const {
        const auto found = options_.find(name);
        return found == options_.end() ? usual : std::atof(found->second.c_str());
    }
    std::size_t count(const char* name, std::size_t usual) const {
        return static_cast<std::size_t>(number(name, static_cast<double>(usual)));
    }

private:
    std::string place_;
    std::map<std::string, std::string> options_;
};

// Call before the first end is opened, so that its threads follow.
void pin(const Arguments& arguments) {
    const double cpu = arguments.number("--cpu", -1);
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(cpu) % std::thread::hardware_concurrency(), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) die("no such processor");
}

void say_ready() {
    std::puts("ready");
    std::fflush(stdout);
}

// --- One slot

// Prints nanoseconds from put to get at some quantiles, smallest first.
void print_latencies(std::vector<std::int64_t>& taken) {
    std::sort(taken.begin(), taken.end());
    if (taken.empty()) return;
    std::printf(" latencies=");
    for (const double share : {0.0, 0.01, 0.02, 0.05, 0.1,  0.2,  0.3,   0.4,   0.5,   0.6,
                               0.7, 0.8,  0.9,  0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999}) {
        const auto at = static_cast<std::size_t>(share * static_cast<double>(taken.size()));
        std::printf("%s%g:%lld", share > 0 ? "," : "", share,
                    static_cast<long long>(taken[std::min(at, taken.size() - 1)]));
    }
}

int read_slot(const Arguments& arguments) {
    pin(arguments);
    const std::size_t writers = arguments.count("--writers", 1);
    const bool is_latency = arguments.count("--latency", 0) != 0;
    Reader reader = need(Reader::create(arguments.place()));
    say_ready();
    std::uint64_t messages = 0, bytes = 0, last_done = 0;
    std::size_t done = 0;
    std::int64_t first = 0, last = 0;
    std::vector<std::int64_t> taken;
    Message message;
    while (done < writers) {
        if (!reader.get_into(message, messages == 0 ? Timeout(20 * kPatience) : kPatience)) break;
        const std::string_view text = message.text();
        if (text == kDone) {
            if (message.origin() != last_done) ++done;
            last_done = message.origin();
            continue;
        }
        if (messages == 0) first = now_ns();
        // The clock takes a good part of a get, so between first and last message it is read now
        // and then.
        if (is_latency || (messages & 63) == 0) last = now_ns();
        if (is_latency && text.size() >= 8 && taken.size() < kMostStamps) {
            std::int64_t put_at = 0;
            std::memcpy(&put_at, text.data(), 8);
            taken.push_back(last - put_at);
        }
        ++messages;
        bytes += text.size();
    }
    const mailslot::Losses lost = reader.info().lost;
    std::printf(
        "messages=%llu bytes=%llu seconds=%.6f lost=%llu slot_full=%llu kernel_drop=%llu cpu=%.6f",
        static_cast<unsigned long long>(messages), static_cast<unsigned long long>(bytes),
        static_cast<double>(last - first) / 1e9, static_cast<unsigned long long>(lost.total()),
        static_cast<unsigned long long>(lost.slot_full),
        static_cast<unsigned long long>(lost.kernel_drop), processor_seconds(RUSAGE_SELF));
    if (is_latency) print_latencies(taken);
    std::puts("");
    return 0;
}

// Sleeps if the pause is long enough for other processes to use the processor, spins otherwise.
void pause_until(std::int64_t when) {
    const std::int64_t left = when - now_ns();
    if (left > 100'000) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
    while (now_ns() < when) {
    }
}

int write_slot(const Arguments& arguments) {
    pin(arguments);
    const std::size_t size = std::max<std::size_t>(arguments.count("--size", 100), 8);
    const std::size_t batch = arguments.count("--batch", 1);
    const auto gap = static_cast<std::int64_t>(arguments.number("--gap-us", 0) * 1000);
    Writer writer = need(Writer::open(arguments.place(), {.wait_when_full = kForever}));
    std::string text(size, 'x');
    const std::vector<std::string_view> texts(batch, text);
    say_ready();
    if (std::getchar() == EOF) return 1;
    const std::int64_t begin = now_ns();
    const std::int64_t end =
        begin + static_cast<std::int64_t>(arguments.number("--secs", 0.5) * 1e9);
    std::uint64_t messages = 0;
    std::int64_t now = begin;
    for (std::uint64_t puts = 0;; ++puts) {
        if (gap > 0) pause_until(now + gap);
        if (gap > 0 || batch > 1 || (puts & 15) == 0) now = now_ns();
        if (now >= end) break;
        std::memcpy(text.data(), &now, 8);
        const auto taken =
            batch == 1 ? (writer.put(text) ? 1 : 0) : writer.put_many(texts).value_or(0);
        if (taken != batch) die("a put failed");
        messages += batch;
    }
    const double taken = static_cast<double>(now_ns() - begin) / 1e9;
    for (int i = 0; i < kDoneCopies; ++i) {
        if (!writer.put(kDone)) die("a put failed");
    }
    std::printf("messages=%llu seconds=%.6f cpu=%.6f\n", static_cast<unsigned long long>(messages),
                taken, processor_seconds(RUSAGE_SELF));
    return 0;
}

// --- Many slots

// Raises the limit of descriptors, which run out first: to the number needed if root, otherwise to
// the user's maximum.
void raise_limits(std::size_t slots) {
    const rlim_t wanted = 4 * slots + 1000;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return;
    const rlimit raised{wanted, std::max(wanted, limit.rlim_max)};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

std::string slot_name(std::size_t number) { return "SCALE/" + std::to_string(number); }

std::vector<Reader> make_slots(std::size_t count) {
    std::vector<Reader> readers;
    readers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto reader = Reader::create(slot_name(i));
        if (!reader) die("slot " + std::to_string(i + 1) + ": " + to_string(reader.error()));
        readers.push_back(std::move(*reader));
    }
    return readers;
}

// Returns KiB of this process by /proc's names, summed over all mappings.
std::map<std::string, long> memory() {
    std::map<std::string, long> kib;
    std::ifstream rollup("/proc/self/smaps_rollup");
    for (std::string line; std::getline(rollup, line);) {
        char name[64];
        long value = 0;
        if (std::sscanf(line.c_str(), "%63[^:]: %ld kB", name, &value) == 2) kib[name] = value;
    }
    return kib;
}

std::size_t open_descriptors() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// Work of all threads of this process: nanoseconds on a processor, and the number of sleeps.
struct Work {
    std::uint64_t processor_ns = 0, sleeps = 0, threads = 0;
};
Work work_so_far() {
    Work work;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::uint64_t ns = 0;
        std::ifstream(task.path() / "schedstat") >> ns;
        work.processor_ns += ns;
        ++work.threads;
        std::ifstream status(task.path() / "status");
        for (std::string line; std::getline(status, line);) {
            unsigned long long count = 0;
            if (std::sscanf(line.c_str(), "voluntary_ctxt_switches: %llu", &count) == 1)
                work.sleeps += count;
        }
    }
    return work;
}

int keep_idle(const Arguments& arguments) {
    const std::size_t count = std::strtoull(arguments.place().c_str(), nullptr, 10);
    raise_limits(count);
    {
        const Reader warm = need(Reader::create("SCALE/WARM"));
    }  // starts the station and other parts that exist once
    const auto before = memory();
    const std::size_t fds_before = open_descriptors();
    const auto begin = now_ns();
    std::vector<Reader> readers = make_slots(count);
    const double taken = static_cast<double>(now_ns() - begin) / 1e9;
    const auto after = memory();
    const std::size_t fds_after = open_descriptors();
    Message message;
    if (readers[0].get_into(message, Timeout(500))) die("somebody wrote");  // a stray message
    const Work from = work_so_far();
    const double secs = arguments.number("--secs", 3);
    if (readers[0].get_into(message, Timeout(static_cast<std::int64_t>(secs * 1000))))
        die("somebody wrote");
    const Work to = work_so_far();
    std::printf(
        "slots=%zu create_us=%.1f rss_kib=%.2f pss_kib=%.2f descriptors=%.2f threads=%llu "
        "idle_seconds=%.1f "
        "idle_cpu_us=%.0f idle_sleeps=%llu\n",
        count, taken * 1e6 / static_cast<double>(count),
        static_cast<double>(after.at("Rss") - before.at("Rss")) / static_cast<double>(count),
        static_cast<double>(after.at("Pss") - before.at("Pss")) / static_cast<double>(count),
        static_cast<double>(fds_after - fds_before) / static_cast<double>(count),
        static_cast<unsigned long long>(to.threads), secs,
        static_cast<double>(to.processor_ns - from.processor_ns) / 1e3,
        static_cast<unsigned long long>(to.sleeps - from.sleeps));
    return 0;
}

// Runs in the child: puts into slot after slot until the pipe's other end is closed.
[[noreturn]] void write_in_turn(std::size_t count, int go, int opened) {
    raise_limits(count);
    std::vector<Writer> writers;
    writers.reserve(count);
    char byte = 0;
    if (read(go, &byte, 1) != 1) _exit(1);
    for (std::size_t i = 0; i < count; ++i) {
        auto writer = Writer::open(slot_name(i), {.wait_when_full = kForever});
        if (!writer) die("writer " + std::to_string(i + 1) + ": " + to_string(writer.error()));
        writers.push_back(std::move(*writer));
    }
    if (write(opened, "o", 1) != 1) _exit(1);
    const std::string text(100, 'x');
    pollfd end{go, POLLIN, 0};
    while (poll(&end, 1, 0) == 0) {
        for (Writer& writer : writers) {
            if (!writer.put(text)) _exit(1);
        }
    }
    _exit(0);
}

// Takes all waiting messages. Returns their number.
std::uint64_t take_all(std::vector<Reader>& readers, Message& message) {
    std::uint64_t messages = 0;
    for (Reader& reader : readers) {
        while (reader.get_into(message, Timeout(0))) ++messages;
    }
    return messages;
}

void take_first_of_each(std::span<Reader> readers, Message& message) {
    for (Reader& reader : readers) {
        if (!reader.get_into(message, Timeout(20'000))) die("a slot heard nothing");
    }
}

int read_many(const Arguments& arguments) {
    const std::size_t count = std::strtoull(arguments.place().c_str(), nullptr, 10);
    const auto written = std::min(
        count, static_cast<std::size_t>(arguments.number("--written", static_cast<double>(count))));
    raise_limits(count);
    int go[2], opened[2];
    if (pipe(go) != 0 || pipe(opened) != 0) die("pipe");
    const pid_t writing = fork();
    if (writing == 0) {
        close(go[1]);
        write_in_turn(written, go[0], opened[1]);
    }
    close(opened[1]);
    {
        const Reader warm = need(Reader::create("SCALE/WARM"));
    }  // starts the station and other parts that exist once
    const auto before = memory();
    const auto created = now_ns();
    std::vector<Reader> readers = make_slots(count);
    const double create_us =
        static_cast<double>(now_ns() - created) / 1e3 / static_cast<double>(count);
    const auto empty = memory();
    if (write(go[1], "g", 1) != 1) die("write");
    const auto asked = now_ns();
    char byte = 0;
    if (read(opened[0], &byte, 1) != 1) die("the writer ended");
    const double open_us =
        static_cast<double>(now_ns() - asked) / 1e3 / static_cast<double>(written);
    Message message;
    // Measured apart, because a slot's first message allocates memory.
    const auto first = now_ns();
    take_first_of_each(std::span(readers).first(written), message);
    const double first_us =
        static_cast<double>(now_ns() - first) / 1e3 / static_cast<double>(written);
    const auto begin = now_ns();
    const auto end = begin + static_cast<std::int64_t>(arguments.number("--secs", 0.5) * 1e9);
    std::uint64_t messages = 0;
    while (now_ns() < end) messages += take_all(readers, message);
    const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
    const auto full = memory();
    const std::size_t descriptors = open_descriptors();
    close(go[1]);
    // The writer may be waiting for room, so take its messages until it ends.
    while (waitpid(writing, nullptr, WNOHANG) == 0) take_all(readers, message);
    const auto each = [count](long kib) {
        return static_cast<double>(kib) / static_cast<double>(count);
    };
    std::printf(
        "slots=%zu messages=%llu seconds=%.6f create_us=%.1f open_us=%.1f first_us=%.1f "
        "empty_kib=%.2f used_kib=%.2f descriptors=%.2f\n",
        count, static_cast<unsigned long long>(messages), seconds, create_us, open_us, first_us,
        each(empty.at("Rss") - before.at("Rss")), each(full.at("Rss") - before.at("Rss")),
        static_cast<double>(descriptors) / static_cast<double>(count));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    const Arguments arguments(argc, argv);
    if (command == "read") return read_slot(arguments);
    if (command == "write") return write_slot(arguments);
    if (command == "slots") return read_many(arguments);
    if (command == "idle") return keep_idle(arguments);
    die("no such command");
}
