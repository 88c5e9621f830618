// The open slots of a post office, found as writers spell their names. Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "post/sender_book.h"

namespace mailslot::post {

// Spellings of slot names kept, to save folding them again.
inline constexpr std::size_t kMaxSpellings = 1024;

class OpenSlots final {
public:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    template <class T>
    using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

    // Returns the slot that a writer means, or null if no such slot is open.
    SlotBook* meant_by(std::string_view spelling);
    // Returns the slot with this folded name, or null.
    SlotBook* find(std::string_view key);
    const SlotBook* find(std::string_view key) const;
    // Opens a slot that is not open.
    SlotBook& open(std::string_view key, Clock::Instant since);
    void close(SlotBook& slot);
    const ByText<SlotBook>& all() const { return slots_; }

private:
    using Spellings = ByText<SlotBook*>;
    void forget_spellings();

    ByText<SlotBook> slots_;                       // by folded name
    Spellings spellings_;                          // as writers wrote them; null: no such slot
    const Spellings::value_type* last_ = nullptr;  // looked up last
};

}  // namespace mailslot::post
