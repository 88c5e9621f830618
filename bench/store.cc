// How fast the store takes and finds messages, beside SQLite with FTS5: store [MESSAGES [FOLDER]].
// Prints a row for each. One core, one thread; the file's pages are warm.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <random>
#include <string>

#include "base/clock.h"
#include "base/hex.h"
#include "store/limits.h"
#include "store/search.h"
#include "store/store_writer.h"

using namespace mailslot;
using namespace mailslot::store;

namespace {

using std::chrono::steady_clock;

constexpr std::size_t kTextBytes = 85;
constexpr std::int64_t kFirstUs = 1'700'000'000'000'000;
constexpr std::int64_t kGapUs = 100;  // 10,000 messages a second

double seconds_since(steady_clock::time_point began) {
    return std::chrono::duration<double>(steady_clock::now() - began).count();
}

// Processor time of this process: the time on a quiet machine.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Lines of a log: some words of a vocabulary, an id of 16 digits, a number. Each has 85 bytes.
class Lines {
public:
    const std::string& next() {
        static constexpr const char* kWords[] = {
            "request", "served",  "user",  "session", "cache",   "miss",   "disk",   "queue",
            "retry",   "backend", "query", "took",    "timeout", "socket", "closed", "opened"};
        line_ = "id=";
        append_hex(line_, random_());
        line_ += " n=" + std::to_string(random_() % 100000);
        while (line_.size() < kTextBytes) (line_ += ' ') += kWords[random_() % std::size(kWords)];
        line_.resize(kTextBytes);
        return line_;
    }

private:
    std::mt19937_64 random_{42};
    std::string line_;
};

StoredMessage message_of(std::uint64_t i, const std::string& text) {
    static const std::string kHosts[] = {"alpha", "beta", "gamma", "delta"};
    StoredMessage message{.slot = "LOG", .host = kHosts[i % 4], .address = "10.0.0.7"};
    message.origin = 0x1234567890abcdef + i % 4;
    message.sequence = i / 4 + 1;
    message.kept_us = kFirstUs + static_cast<std::int64_t>(i) * kGapUs;
    message.sent_us = message.kept_us - 300;
    message.level = static_cast<std::uint16_t>(i % 9973 == 0 ? 40 : 20);
    message.text = text;
    return message;
}

void print(const char* what, const char* format, double number, const char* second_format = "",
           double second = 0) {
    std::printf("%-52s ", what);
    std::printf(format, number);
    std::printf(second_format, second);
    std::printf("\n");
    std::fflush(stdout);
}

std::string fill_store(const std::string& folder, std::uint64_t count) {
    const std::string file = folder + "/bench.store";
    std::filesystem::remove(file);
    const SystemClock clock;
    Lines lines;
    double making = 0;  // without the cost of the lines
    {
        Lines same;
        const double before = processor_seconds();
        for (std::uint64_t i = 0; i < count; ++i) (void)same.next();
        making = processor_seconds() - before;
    }
    const auto began = steady_clock::now();
    const double began_processor = processor_seconds();
    {
        auto writer = StoreWriter::open(file, {}, clock).value();
        auto committed = steady_clock::now();
        for (std::uint64_t i = 0; i < count; ++i) {
            writer.append(message_of(i, lines.next()));
            if (i % 256 != 0 || steady_clock::now() - committed < kCommitGap) continue;
            writer.commit();
            committed = steady_clock::now();
        }
        writer.close();
    }
    const double took = seconds_since(began) - making;
    const double processor = processor_seconds() - began_processor - making;
    print("store: messages a second", "%12.0f", static_cast<double>(count) / took,
          "%12.0f a second of a processor", static_cast<double>(count) / processor);
    print("store: bytes a message", "%12.1f",
          static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(count));
    return file;
}

void time_search(const std::string& file, const char* what, const std::string& query,
                 std::uint64_t limit = ~std::uint64_t{0}) {
    double best = 1e9, processor = 1e9;
    std::uint64_t found = 0;
    for (int run = 0; run < 5; ++run) {
        const auto began = steady_clock::now();
        const double began_processor = processor_seconds();
        auto reader = StoreReader::open(file).value();
        const TimeBase base = system_time_base(kFirstUs);
        Search search(reader, parse_query(query, base).value(), Direction::newest_first);
        found = 0;
        while (found < limit && search.next_block().value()) found += search.size();
        best = std::min(best, seconds_since(began));
        processor = std::min(processor, processor_seconds() - began_processor);
    }
    print((std::string(what) + " (" + std::to_string(std::min(found, limit)) + " found)").c_str(),
          "%9.2f ms", best * 1000, "%9.2f ms of a processor", processor * 1000);
}

void fill_fts5(const std::string& folder, std::uint64_t count) {
    const std::string file = folder + "/bench.fts5";
    std::filesystem::remove(file);
    sqlite3* database = nullptr;
    sqlite3_open(file.c_str(), &database);
    const auto run = [database](const char* sql) {
        if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
        std::fprintf(stderr, "FTS5: %s\n", sqlite3_errmsg(database));
        std::exit(1);
    };
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, at INTEGER, host TEXT, slot TEXT, "
        "level INTEGER, text TEXT);"
        "CREATE VIRTUAL TABLE words USING fts5(text, content='messages', content_rowid='id')");
    sqlite3_stmt *row = nullptr, *words = nullptr;
    sqlite3_prepare_v2(database, "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)", -1, &row,
                       nullptr);
    sqlite3_prepare_v2(database, "INSERT INTO words (rowid, text) VALUES (?, ?)", -1, &words,
                       nullptr);
    Lines lines;
    const auto began = steady_clock::now();
    run("BEGIN");
    for (std::uint64_t i = 1; i <= count; ++i) {
        const StoredMessage message = message_of(i, lines.next());
        const auto text = [](sqlite3_stmt* statement, int place, std::string_view value) {
            sqlite3_bind_text(statement, place, value.data(), static_cast<int>(value.size()),
                              SQLITE_STATIC);
        };
        sqlite3_bind_int64(row, 1, static_cast<std::int64_t>(i));
        sqlite3_bind_int64(row, 2, message.kept_us);
        text(row, 3, message.host);
        text(row, 4, message.slot);
        sqlite3_bind_int(row, 5, *message.level);
        text(row, 6, message.text);
        sqlite3_step(row);
        sqlite3_reset(row);
        sqlite3_bind_int64(words, 1, static_cast<std::int64_t>(i));
        text(words, 2, message.text);
        sqlite3_step(words);
        sqlite3_reset(words);
        if (i % 10000 == 0) run("COMMIT; BEGIN");
    }
    run("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    print("FTS5: messages a second", "%12.0f", static_cast<double>(count) / seconds_since(began));
    sqlite3_finalize(row);
    sqlite3_finalize(words);
    sqlite3_close(database);
    print("FTS5: bytes a message", "%12.1f",
          static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(count));
    std::filesystem::remove(file);
}

// The id of a line in the middle.
std::string id_of(std::uint64_t number) {
    Lines lines;
    for (std::uint64_t i = 0; i < number; ++i) (void)lines.next();
    return lines.next().substr(3, 16);
}

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const std::string folder = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
    std::printf("%llu messages of %zu bytes\n", static_cast<unsigned long long>(count), kTextBytes);
    const std::string file = fill_store(folder, count);
    time_search(file, "search: an id", id_of(count / 2));
    time_search(file, "search: an absent word", "nowhere");
    time_search(file, "search: newest 100 of a common word", "disk", 100);
    // In units of the bench's own clock, which begins at kFirstUs: the minute is 600,000 messages.
    time_search(file, "search: a minute, host and level",
                "since:2023-11-14T22:13:30Z until:2023-11-14T22:14:30Z host:beta level:error");
    time_search(file, "search: errors of one host", "host:alpha level:error");
    time_search(file, "search: all", "");
    time_search(file, "search: any part of a word, absent", "*eouz*");
    time_search(file, "search: an expression, absent", "/time[o]uz/");
    std::filesystem::remove(file);
    fill_fts5(folder, std::min<std::uint64_t>(count, 300'000));
    return 0;
}
