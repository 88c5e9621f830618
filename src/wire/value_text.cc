// value_to_text: a sink that prints values.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/bytes.h"
#include "mailslot/value.h"
#include "wire/value_nesting.h"
#include "wire/value_quote.h"

namespace mailslot {
namespace {

using wire::Container;

constexpr std::string_view kCut = "...";

// Stops after more than `limit` bytes.
class TextSink final : public ValueSink {
public:
    explicit TextSink(std::size_t limit) : limit_(limit) {}

    bool null() override { return item() && put("None"); }
    bool boolean(bool value) override { return item() && put(value ? "True" : "False"); }
    bool integer(std::int64_t value) override { return item() && put(std::to_string(value)); }
    bool big_integer(bool negative, std::span<const std::byte> magnitude) override {
        return item() && put(negative ? "-0x" : "0x") && put_hex(magnitude);
    }
    bool real(double value) override {
        if (!item()) return false;
        wire::append_real(out_, value, wire::Real::alone);
        return has_room();
    }
    bool complex(double re, double im) override { return item() && put_complex(re, im); }
    bool text(std::string_view utf8) override {
        if (!item()) return false;
        wire::append_quoted_text(out_, utf8, limit_);
        return has_room();
    }
    bool bytes(std::span<const std::byte> value) override {
        if (!item()) return false;
        wire::append_quoted_bytes(out_, value, limit_);
        return has_room();
    }

    bool begin_tuple(std::size_t items) override {
        return begin("(", items == 1 ? ",)" : ")", Container::tuple);
    }
    bool begin_list(std::size_t) override { return begin("[", "]", Container::list); }
    bool begin_set(std::size_t items) override {
        return items == 0 ? begin("set(", ")", Container::set) : begin("{", "}", Container::set);
    }
    bool begin_frozenset(std::size_t items) override {
        return items == 0 ? begin("frozenset(", ")", Container::frozenset)
                          : begin("frozenset({", "})", Container::frozenset);
    }
    bool begin_dict() override { return begin("{", "}", Container::dict); }
    bool end() override {
        const std::string_view closing = open_.back().closing;
        open_.pop_back();
        return put(closing);
    }

    std::string take() {
        if (out_.size() > limit_) cut();
        return std::move(out_);
    }

private:
    struct Open {
        Container container;
        std::string_view closing;
        bool is_first;       // empty so far
        bool value_is_next;  // dict
    };

    bool has_room() const { return out_.size() <= limit_; }
    bool put(std::string_view part) {
        out_ += part;
        return has_room();
    }

    // Puts the separator between the previous item and the next.
    bool item() {
        if (open_.empty()) return true;
        Open& top = open_.back();
        const bool follows_key = std::exchange(
            top.value_is_next, top.container == Container::dict && !top.value_is_next);
        if (follows_key) return put(": ");
        return std::exchange(top.is_first, false) || put(", ");
    }

    bool begin(std::string_view opening, std::string_view closing, Container container) {
        if (!item()) return false;
        open_.push_back({container, closing, true, false});
        return put(opening);
    }

    bool put_hex(Bytes magnitude) {
        bool leading = true;
        for (std::size_t i = magnitude.size(); i-- > 0;) {
            const auto byte = std::to_integer<unsigned>(magnitude[i]);
            if (!leading || byte >= 0x10) out_ += "0123456789abcdef"[byte >> 4];
            leading = false;
            out_ += "0123456789abcdef"[byte & 0xF];
            if (!has_room()) return false;
        }
        return true;
    }

    // repr() omits a real part of 0.0, but not of -0.0.
    bool put_complex(double re, double im) {
        const bool is_pure = re == 0 && !std::signbit(re);
        if (!is_pure) {
            out_ += '(';
            wire::append_real(out_, re, wire::Real::in_complex);
            if (std::isnan(im) || !std::signbit(im)) out_ += '+';
        }
        wire::append_real(out_, im, wire::Real::in_complex);
        return put(is_pure ? "j" : "j)");
    }

    void cut() {
        std::size_t end = limit_ - kCut.size();
        while (end > 0 && (static_cast<unsigned char>(out_[end]) & 0xC0) == 0x80) --end;
        out_.resize(end);
        out_ += kCut;
    }

    std::size_t limit_;
    std::string out_;
    std::vector<Open> open_;
};

}  // namespace

Result<std::string> value_to_text(std::span<const std::byte> bytes, std::size_t limit_bytes) {
    TextSink sink(std::max(limit_bytes, kCut.size()));
    if (Result<void> decoded = decode_value(bytes, sink); !decoded) return decoded.error();
    return sink.take();
}

}  // namespace mailslot
