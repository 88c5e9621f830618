// A Bloom filter over the words of a chunk: docs/history.md, "Token filter". Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"

namespace mailslot::store {

// Collects distinct hashes of words. Keeps its memory from chunk to chunk.
class WordSet {
public:
    void add_words_of(std::string_view text);
    // Replaces `filter`, and empties the set.
    void take_filter(std::string& filter);

private:
    void add(std::uint64_t hash);
    void grow();

    std::vector<std::uint64_t> slots_ =
        std::vector<std::uint64_t>(std::size_t{1} << 13);  // 0: free
    std::vector<std::uint64_t> words_;
};

// A filter of a file. Borrows the bytes.
class TokenFilter {
public:
    // Errors: bad_packet.
    static Result<TokenFilter> decode(std::string_view bytes);
    // Returns false if no text of the chunk has the word.
    bool may_have(std::uint64_t word) const;

private:
    explicit TokenFilter(std::string_view bits) : bits_(bits) {}
    std::string_view bits_;
};

}  // namespace mailslot::store
