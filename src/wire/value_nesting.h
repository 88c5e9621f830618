// Rules of nesting: which values may stand where. Used for reading and for writing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "mailslot/value.h"

namespace mailslot::wire {

enum class Container : std::uint8_t { tuple, list, dict, set, frozenset };

// Follows a value step by step. Each call returns null and takes the step, or returns why the step
// is wrong.
class ValueNesting {
public:
    using Why = const char*;

    Why scalar() { return count_one(); }

    // Ignores `items` for a dict.
    Why begin(Container container, std::size_t items) {
        if (depth_ == kMaxValueDepth) return "nested too deeply";
        const bool frozen = next_is_frozen();
        if (frozen && container != Container::tuple && container != Container::frozenset) {
            return "a changeable value as a key or an item of a set";
        }
        if (Why why = count_one()) return why;
        const bool holds_frozen =
            frozen || container == Container::set || container == Container::frozenset;
        open_[depth_++] = {container, holds_frozen, false, items};
        return nullptr;
    }

    Why end() {
        if (depth_ == 0) return "an end without a beginning";
        const Open& top = open_[depth_ - 1];
        if (top.container == Container::dict ? top.value_is_next : top.left != 0) {
            return "an end before the last item";
        }
        --depth_;
        return nullptr;
    }

    bool is_open() const { return depth_ > 0; }
    Container innermost() const { return open_[depth_ - 1].container; }  // only if is_open()
    bool is_whole() const { return began_ && depth_ == 0; }

private:
    struct Open {
        Container container;
        bool holds_frozen;   // all items must be hashable in Python's sense
        bool value_is_next;  // dict
        std::size_t left;    // all others: items
    };

    bool next_is_frozen() const {
        if (depth_ == 0) return false;
        const Open& top = open_[depth_ - 1];
        return top.holds_frozen || (top.container == Container::dict && !top.value_is_next);
    }

    Why count_one() {
        if (depth_ == 0) {
            if (began_) return "a second value";
            began_ = true;
            return nullptr;
        }
        Open& top = open_[depth_ - 1];
        if (top.container == Container::dict) {
            top.value_is_next = !top.value_is_next;
        } else if (top.left-- == 0) {
            top.left = 0;
            return "more items than announced";
        }
        return nullptr;
    }

    std::array<Open, kMaxValueDepth> open_;  // the first depth_ are set
    std::size_t depth_ = 0;
    bool began_ = false;
};

}  // namespace mailslot::wire
