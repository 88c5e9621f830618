// The words of a text, as the token filter and queries know them: docs/history.md, "Queries". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mailslot::store {

// Returns A to Z as a to z, and every other byte unchanged.
constexpr char fold_ascii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Appends the folded text. Eight bytes a step: searches fold every text that they look at.
void append_folded(std::string& out, std::string_view text);

namespace detail {

// The folded byte if the byte belongs to a word, else 0.
constexpr std::array<unsigned char, 256> make_word_bytes() {
    std::array<unsigned char, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
        const auto c = static_cast<unsigned char>(i);
        const bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
        if (is_word) table[i] = c >= 'A' && c <= 'Z' ? c + 32 : c;
    }
    return table;
}
inline constexpr auto kWordBytes = make_word_bytes();

inline constexpr std::uint64_t kHashStart = 0xcbf29ce484222325, kHashPrime = 0x100000001b3;

constexpr std::uint64_t mixed(std::uint64_t hash) {
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
    return hash ^ (hash >> 31);
}

}  // namespace detail

constexpr bool is_word_byte(char c) {
    return detail::kWordBytes[static_cast<unsigned char>(c)] != 0;
}

// Calls `each` with the hash of every word, in order.
template <class Each>
void for_each_word(std::string_view text, Each&& each) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        unsigned char byte = detail::kWordBytes[static_cast<unsigned char>(*at++)];
        if (byte == 0) continue;
        std::uint64_t hash = detail::kHashStart;
        do {
            hash = (hash ^ byte) * detail::kHashPrime;
            byte = at == end ? 0 : detail::kWordBytes[static_cast<unsigned char>(*at++)];
        } while (byte != 0);
        each(detail::mixed(hash));
    }
}

}  // namespace mailslot::store
