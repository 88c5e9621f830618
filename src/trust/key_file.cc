#include "trust/key_file.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "model/fold.h"

namespace mailslot::trust {
namespace {

constexpr std::string_view kFirstLine = "mailslot-key 1";
constexpr std::size_t kIdDigits = 2 * std::tuple_size_v<KeyId>;
constexpr std::size_t kSecretDigits = 2 * kSecretBytes;

std::string_view take_word(std::string_view& line) {
    const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(end);
    return word;
}

// Parses "2026-11-25T21:00:00Z". Returns nullopt if `text` is no such time.
std::optional<std::int64_t> parse_utc(std::string_view text) {
    constexpr std::string_view kForm = "0000-00-00T00:00:00Z";
    if (text.size() != kForm.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (kForm[i] == '0' ? !is_digit : text[i] != kForm[i]) return std::nullopt;
    }
    const auto number = [text](std::size_t at, std::size_t digits) {
        int value = 0;
        std::from_chars(text.data() + at, text.data() + at + digits, value);
        return value;
    };
    namespace c = std::chrono;
    const c::year_month_day date{c::year(number(0, 4)), c::month(unsigned(number(5, 2))),
                                 c::day(unsigned(number(8, 2)))};
    if (!date.ok()) return std::nullopt;
    const auto time = c::sys_days(date) + c::hours(number(11, 2)) + c::minutes(number(14, 2)) +
                      c::seconds(number(17, 2));
    return c::duration_cast<c::seconds>(time.time_since_epoch()).count();
}

// Parses the rest of a line: id, key, time of creation.
std::optional<Key> parse_key(std::string_view line) {
    const std::string_view id = take_word(line), digits = take_word(line);
    const auto created = parse_utc(take_word(line));
    if (digits.size() != kSecretDigits || !created || !take_word(line).empty()) return std::nullopt;
    auto secret = Secret::make();
    if (!secret) return std::nullopt;
    std::size_t length = 0;
    const int failed =
        sodium_hex2bin(reinterpret_cast<unsigned char*>(secret->fill().data()), kSecretBytes,
                       digits.data(), digits.size(), nullptr, &length, nullptr);
    if (failed != 0 || length != kSecretBytes || secret->is_zero()) return std::nullopt;
    Key key = key_of(std::move(*secret), *created);
    if (to_string(key.id) != id) return std::nullopt;
    return key;
}

void format_key(std::string_view word, const Key& key, SecretText& to) {
    std::array<char, kSecretDigits + 1> digits;
    sodium_bin2hex(digits.data(), digits.size(),
                   reinterpret_cast<const unsigned char*>(key.secret.data()), kSecretBytes);
    to.append(word);
    to.append(" " + to_string(key.id) + " ");
    to.append({digits.data(), kSecretDigits});
    to.append(" " + utc_text(key.created_at) + "\n");
    wipe(digits);
}

// Parses a line after the first. Returns the reason why the line is wrong; empty if it is right.
std::string_view take_line(std::string_view line, DomainKeys& keys) {
    const std::string_view word = take_word(line);
    if (word.empty() || word.starts_with('#')) return {};
    if (word == "domain") {
        line.remove_prefix(std::min<std::size_t>(line.empty() ? 0 : 1, line.size()));
        const auto folded = fold_domain(line);
        if (!folded || !keys.domain.empty())
            return "the name of the domain is wrong, or there is a second one";
        keys.domain = line;
        keys.folded = *folded;
        return {};
    }
    const bool is_current = word == "current";
    if (!is_current && word != "next" && word != "previous")
        return "the line begins with an unknown word";
    auto& place = is_current ? keys.current : keys.second;
    if (place) return "a domain has at most a current key and one more";
    place = parse_key(line);
    if (!place) return "the key is damaged: it does not match its id";
    if (!is_current) keys.second_is = word == "next" ? Second::next : Second::previous;
    return {};
}

}  // namespace

SecretText::~SecretText() {
    text_.resize(text_.capacity());
    wipe(text_);
}

bool SecretText::append(std::string_view more) {
    if (more.size() > kMaxKeyFileBytes - std::min(text_.size(), kMaxKeyFileBytes)) return false;
    text_.append(more);
    return true;
}

Result<DomainKeys> parse_key_file(std::string_view text, const std::string& where) {
    DomainKeys keys;
    const auto wrong = [&where](std::size_t number, std::string_view what) {
        return Error{
            Errc::bad_config, "read key", 0,
            where + ":" + std::to_string(number) + ": " + std::string(what) +
                "; replace the file with the output of 'mailslot key export' on another machine",
            Reason::bad_key};
    };
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (++number == 1) {
            if (line == kFirstLine) continue;
            const bool is_later = line.starts_with("mailslot-key ");
            return wrong(1, is_later ? "a later version of mailslot wrote this file"
                                     : "this is not a key file");
        }
        if (const auto what = take_line(line, keys); !what.empty()) return wrong(number, what);
    }
    if (keys.domain.empty() || !keys.current) {
        return wrong(number, "the file has no domain or no current key");
    }
    if (keys.second && keys.second->secret.is_same(keys.current->secret)) {
        return wrong(number, "the file contains the same key twice");
    }
    return keys;
}

void format_key_file(const DomainKeys& keys, SecretText& to) {
    to.append(kFirstLine);
    to.append("\n# Secret: these lines give access to the domain. Keep the mode at 0600.\ndomain " +
              keys.domain + "\n");
    if (keys.current) format_key("current", *keys.current, to);
    if (keys.second) {
        format_key(keys.second_is == Second::next ? "next" : "previous", *keys.second, to);
    }
}

std::string to_string(const KeyId& id) {
    std::string text(kIdDigits + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(id.data()),
                   id.size());
    text.resize(kIdDigits);
    return text;
}

std::string utc_text(std::int64_t unix_seconds) {
    namespace c = std::chrono;
    const c::sys_seconds at{c::seconds(unix_seconds)};
    const auto day = c::floor<c::days>(at);
    const c::year_month_day date(day);
    const c::hh_mm_ss time(at - day);
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ldZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<long>(time.hours().count()),
                  static_cast<long>(time.minutes().count()),
                  static_cast<long>(time.seconds().count()));
    return text.data();
}

std::optional<std::string> fold_domain(std::string_view domain) {
    const auto is_wrong = [](char c) {
        return c == '\\' || c == '/' || c == '*' || static_cast<unsigned char>(c) < 0x20 ||
               c == 0x7f;
    };
    if (domain.empty() || domain.starts_with('.') || domain.starts_with(' ') ||
        domain.ends_with(' ') || std::ranges::any_of(domain, is_wrong)) {
        return std::nullopt;
    }
    auto folded = fold(domain);
    if (!folded || folded->size() > kMaxKeyDomainBytes || domain.size() > kMaxKeyDomainBytes) {
        return std::nullopt;
    }
    return folded;
}

}  // namespace mailslot::trust
