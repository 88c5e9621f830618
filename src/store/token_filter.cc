#include "store/token_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bytes.h"
#include "store/limits.h"
#include "store/words.h"

namespace mailslot::store {
namespace {

constexpr std::size_t kBitsPerWord = 10;
constexpr std::uint32_t kProbes = 6;
constexpr std::size_t kChecksumBytes = 8;

// Calls `each` with the place of each bit of the word, until `each` returns false.
template <class Each>
bool for_each_bit(std::uint64_t word, std::uint64_t bits, Each&& each) {
    const auto first = static_cast<std::uint32_t>(word);
    const auto step = static_cast<std::uint32_t>(word >> 32) | 1;
    for (std::uint32_t i = 0; i < kProbes; ++i) {
        const std::uint32_t hash = first + i * step;
        if (!each(static_cast<std::size_t>(hash * bits >> 32))) return false;
    }
    return true;
}

// `bits` is a multiple of 8 bytes long.
std::uint64_t checksum(std::string_view bits) {
    std::uint64_t sum = bits.size();
    for (std::size_t i = 0; i + 8 <= bits.size(); i += 8) {
        const auto word = load_u64be(as_bytes(bits.substr(i, 8)).data());
        sum = std::rotl(sum ^ word, 29) * 0x9e3779b97f4a7c15;
    }
    return detail::mixed(sum);
}

}  // namespace

void WordSet::add_words_of(std::string_view text) {
    for_each_word(text, [this](std::uint64_t hash) { add(hash); });
}

void WordSet::add(std::uint64_t hash) {
    hash += hash == 0;  // 0 stands for a free place; may_have() does the same
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != 0) {
        if (slots_[at] == hash) return;
        at = (at + 1) & mask;
    }
    slots_[at] = hash;
    words_.push_back(hash);
    if (words_.size() * 2 > slots_.size()) grow();
}

void WordSet::grow() {
    slots_.assign(slots_.size() * 2, 0);
    const std::size_t mask = slots_.size() - 1;
    for (const std::uint64_t word : words_) {
        std::size_t at = word & mask;
        while (slots_[at] != 0) at = (at + 1) & mask;
        slots_[at] = word;
    }
}

void WordSet::take_filter(std::string& filter) {
    const std::size_t bytes =
        std::min(kMaxFilterBytes, (words_.size() * kBitsPerWord + 63) / 64 * 8);
    filter.assign(bytes, '\0');
    for (const std::uint64_t word : words_) {
        for_each_bit(word, bytes * 8, [&filter](std::size_t bit) {
            filter[bit / 8] = static_cast<char>(filter[bit / 8] | 1 << (bit % 8));
            return true;
        });
    }
    const std::uint64_t sum = checksum(filter);
    for (std::size_t i = 0; i < kChecksumBytes; ++i)
        filter += static_cast<char>(sum >> (8 * (kChecksumBytes - 1 - i)));
    // Emptying a table that a huge chunk has grown would cost every small chunk after it.
    if (slots_.size() > 64 * 1024 && words_.size() * 16 < slots_.size())
        slots_.resize(slots_.size() / 2);
    std::ranges::fill(slots_, 0);
    words_.clear();
}

Result<TokenFilter> TokenFilter::decode(std::string_view bytes) {
    if (bytes.size() < kChecksumBytes || bytes.size() % 8 != 0 ||
        bytes.size() > kMaxFilterBytes + kChecksumBytes)
        return Error{Errc::bad_packet, "token filter has a wrong size"};
    const std::string_view bits = bytes.substr(0, bytes.size() - kChecksumBytes);
    if (load_u64be(as_bytes(bytes).data() + bits.size()) != checksum(bits))
        return Error{Errc::bad_packet, "token filter is damaged"};
    return TokenFilter(bits);
}

bool TokenFilter::may_have(std::uint64_t word) const {
    if (bits_.empty()) return false;
    word += word == 0;
    return for_each_bit(word, bits_.size() * 8, [this](std::size_t bit) {
        return (static_cast<unsigned char>(bits_[bit / 8]) >> (bit % 8) & 1) != 0;
    });
}

}  // namespace mailslot::store
