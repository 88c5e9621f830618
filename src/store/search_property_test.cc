// A search of a store finds exactly the messages that a slow evaluator finds in a list. RapidCheck
// prints the seed of a failure.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>

#include "store/testing/temporary_store.h"

namespace mailslot::store {
namespace {

using Predicate = std::function<bool(const OwnedMessage&)>;

// A term as text, and what the term means, written as simply as possible.
struct SlowTerm {
    std::string text;
    Predicate matches;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_word(char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool stands_at(const std::string& text, std::size_t at, const std::string& part) {
    if (at + part.size() > text.size()) return false;
    for (std::size_t i = 0; i < part.size(); ++i)
        if (lower(text[at + i]) != lower(part[i])) return false;
    return true;
}

Predicate has_part(std::string part, bool whole_left, bool whole_right) {
    return [=](const OwnedMessage& message) {
        const std::string& text = message.text;
        for (std::size_t at = 0; at <= text.size(); ++at) {
            if (!stands_at(text, at, part)) continue;
            const std::size_t behind = at + part.size();
            if (whole_left && is_word(part.front()) && at > 0 && is_word(text[at - 1])) continue;
            if (whole_right && is_word(part.back()) && behind < text.size() &&
                is_word(text[behind]))
                continue;
            return true;
        }
        return false;
    };
}

std::string any_word() {
    return *rc::gen::element<std::string>("disk", "full", "Disk", "di", "k", "timeout", "a1", "_x",
                                          "\xc3\xbc", "absent");
}

SlowTerm any_text_term() {
    const std::string word = any_word();
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
            return {word, has_part(word, true, true)};
        case 1:
            return {word + "*", has_part(word, true, false)};
        case 2:
            return {"*" + word, has_part(word, false, true)};
        case 3:
            return {"*" + word + "*", has_part(word, false, false)};
        case 4: {
            const std::string both =
                word + *rc::gen::element<std::string>(" ", "-", ": ") + any_word();
            return {'"' + both + '"', has_part(both, true, true)};
        }
        default:
            return {"/" + word + "/", [word](const OwnedMessage& message) {
                        return message.text.find(word) != std::string::npos;
                    }};
    }
}

SlowTerm any_column_term() {
    switch (*rc::gen::inRange(0, 5)) {
        case 0: {
            const std::string host = *rc::gen::element<std::string>("alpha", "beta", "gamma");
            return {"host:" + host, [host](const OwnedMessage& m) { return m.host == host; }};
        }
        case 1:
            return {"host:*a", [](const OwnedMessage& m) { return m.host.back() == 'a'; }};
        case 2: {
            const int level = *rc::gen::element(10, 20, 30, 40, 55);
            const auto sign = *rc::gen::element<std::string>(">=", "<=", ">", "<", "");
            return {"level:" + sign + std::to_string(level), [=](const OwnedMessage& m) {
                        if (!m.level) return false;
                        if (sign == ">=") return *m.level >= level;
                        if (sign == "<=") return *m.level <= level;
                        if (sign == ">") return *m.level > level;
                        if (sign == "<") return *m.level < level;
                        return *m.level == level;
                    }};
        }
        case 3: {
            const int ago = *rc::gen::inRange(0, 400);
            const std::int64_t at = utc_base().now_us - ago * 1'000'000LL;
            const bool since = *rc::gen::arbitrary<bool>();
            return {
                (since ? "since:-" : "until:-") + std::to_string(ago) + "s",
                [=](const OwnedMessage& m) { return since ? m.kept_us >= at : m.kept_us < at; }};
        }
        default:
            return {"trust:local", [](const OwnedMessage& m) { return m.trust == Trust::local; }};
    }
}

SlowTerm any_term() {
    SlowTerm term = *rc::gen::arbitrary<bool>() ? any_text_term() : any_column_term();
    if (*rc::gen::inRange(0, 4) > 0) return term;
    return {"-" + term.text,
            [matches = term.matches](const OwnedMessage& m) { return !matches(m); }};
}

SlowTerm any_query() {
    SlowTerm query{"", [](const OwnedMessage&) { return true; }};
    const int clauses = *rc::gen::inRange(0, 4);
    for (int i = 0; i < clauses; ++i) {
        SlowTerm clause = any_term();
        for (int more = *rc::gen::inRange(0, 3); more > 0; --more) {
            const SlowTerm other = any_term();
            clause = {clause.text + *rc::gen::element<std::string>("|", " | ") + other.text,
                      [a = clause.matches, b = other.matches](const OwnedMessage& m) {
                          return a(m) || b(m);
                      }};
        }
        query = {query.text + " " + clause.text,
                 [a = query.matches, b = clause.matches](const OwnedMessage& m) {
                     return a(m) && b(m);
                 }};
    }
    return query;
}

OwnedMessage any_message() {
    OwnedMessage message;
    message.host = *rc::gen::element<std::string>("alpha", "beta", "gamma");
    message.origin = *rc::gen::inRange<std::uint64_t>(1, 4);
    message.trust = *rc::gen::element(Trust::none, Trust::domain, Trust::local);
    message.sequence = *rc::gen::inRange<std::uint64_t>(1, 1000);
    message.kept_us -= *rc::gen::inRange(0, 400) * 1'000'000LL;
    if (*rc::gen::arbitrary<bool>())
        message.level = static_cast<std::uint16_t>(*rc::gen::element(10, 20, 30, 40, 50));
    message.text.clear();
    for (int words = *rc::gen::inRange(0, 4); words > 0; --words)
        message.text += any_word() + *rc::gen::element<std::string>(" ", "-", ": ", "");
    return message;
}

// Stores the messages as several chunks and batches.
void store_all(const std::string& file, std::vector<OwnedMessage>& messages) {
    const FakeClock clock;
    std::optional<StoreWriter> writer;
    for (OwnedMessage& message : messages) {
        if (!writer) writer = StoreWriter::open(file, {}, clock).value();
        message.position = writer->next_position();
        writer->append(message.view());
        const int next = *rc::gen::inRange(0, 30);
        if (next < 8) writer->commit();
        if (next == 8) writer.reset();  // packs
    }
}

RC_GTEST_PROP(SearchProperty, finds_what_a_slow_evaluator_finds, ()) {
    const TemporaryFolder folder;
    std::vector<OwnedMessage> messages(*rc::gen::inRange<std::size_t>(0, 60));
    for (OwnedMessage& message : messages) message = any_message();
    store_all(folder.file(), messages);
    if (messages.empty()) return;
    auto reader = StoreReader::open(folder.file()).value();
    for (int i = 0; i < 10; ++i) {
        const SlowTerm query = any_query();
        RC_LOG() << "query: " << query.text << "\n";
        std::vector<OwnedMessage> expected;
        for (const OwnedMessage& message : messages)
            if (query.matches(message)) expected.push_back(message);
        RC_ASSERT(found_in(reader, query.text) == expected);
        std::ranges::reverse(expected);
        RC_ASSERT(found_in(reader, query.text, Direction::newest_first) == expected);
    }
}

}  // namespace
}  // namespace mailslot::store
