#include "mailslot/value.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/utf8.h"
#include "wire/value_integer.h"
#include "wire/value_nesting.h"
#include "wire/value_types.h"

namespace mailslot {
namespace {

using wire::Container;
using wire::ValueType;

// Limits the bytes that all references together stand for: without a bound, a hundred bytes may
// stand for 2^100 values. Honest messages repeat short names and keys.
constexpr std::size_t kMaxReplayFactor = 64;
constexpr std::size_t kAlwaysReplayedBytes = 1024 * 1024;

// A value that a reference may name.
struct Named {
    std::size_t at;        // offset of the type byte
    std::size_t expanded;  // size with references written out; 0 until the value has ended
};

bool is_container(ValueType type) {
    switch (type) {
        case ValueType::tuple:
        case ValueType::small_tuple:
        case ValueType::list:
        case ValueType::dict:
        case ValueType::set:
        case ValueType::frozenset:
            return true;
        default:
            return false;
    }
}

bool may_be_marked(ValueType type) {
    switch (type) {
        case ValueType::null:
        case ValueType::false_:
        case ValueType::true_:
        case ValueType::end_of_dict:
        case ValueType::reference:
        case ValueType::text_reference:
            return false;
        default:
            return true;
    }
}

Container container_of(ValueType type) {
    switch (type) {
        case ValueType::list:
            return Container::list;
        case ValueType::dict:
            return Container::dict;
        case ValueType::set:
            return Container::set;
        case ValueType::frozenset:
            return Container::frozenset;
        default:
            return Container::tuple;
    }
}

// Parses reals as writers spell them: "-1.5e+300", "inf", "nan". Refuses the other forms that
// from_chars takes.
std::optional<double> parse_real(std::string_view spelled) {
    double value = 0;
    const char* end = spelled.data() + spelled.size();
    const auto [stopped, error] = std::from_chars(spelled.data(), end, value);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    if (std::isfinite(value)) return value;
    if (spelled == "inf" || spelled == "-inf" || spelled == "nan") return value;
    return std::nullopt;
}

// Every function returns false if decoding ends: `why_` is set if the bytes are wrong; otherwise
// the sink has stopped.
class Decoder {
public:
    Decoder(Bytes input, ValueSink& sink) : input_(input), in_(input), sink_(sink) {}

    Result<void> run() {
        if (value() && in_.left() != 0) refuse("bytes left over");
        if (why_ != nullptr) return Error{Errc::bad_packet, "value", 0, why_};
        return {};
    }

private:
    bool refuse(const char* why) {
        why_ = why;
        return false;
    }
    bool took_all() { return in_.ok() || refuse("cut short"); }
    std::size_t position() const { return input_.size() - in_.left(); }
    void go_to(std::size_t at) { in_ = ByteReader(input_.subspan(at)); }

    // Returns a huge length for a negative number, so that the read fails.
    std::size_t length() {
        const std::size_t value = in_.u32le();
        return value <= wire::kMaxValueLength ? value : std::numeric_limits<std::size_t>::max();
    }

    bool value();
    bool remember_and_read(ValueType type, std::size_t at, bool is_marked);
    bool replay(const std::vector<Named>& named);
    bool container(ValueType type);
    bool items(std::size_t count);
    bool pairs();
    bool tell_begin(Container container, std::size_t count);

    bool scalar(ValueType type);
    bool integer(std::int64_t value) { return took_all() && sink_.integer(value); }
    bool digits();
    std::optional<double> next_real(bool as_text);
    bool real(bool as_text);
    bool complex(bool as_text);
    bool text(std::size_t size);
    bool ascii(std::size_t size);
    bool bytes(std::size_t size);

    Bytes input_;
    ByteReader in_;
    ValueSink& sink_;
    const char* why_ = nullptr;
    wire::ValueNesting nesting_;
    std::vector<Named> marked_, interned_;  // for `r` and for `R`
    std::size_t announced_ = 0;             // items that open containers still wait for
    std::size_t replayed_ = 0;              // bytes that the references so far stand for
    bool replaying_ = false;                // reading a value again for a reference
};

bool Decoder::value() {
    const std::size_t at = position();
    const std::uint8_t code = in_.u8();
    if (!took_all()) return false;
    const bool is_marked = (code & wire::kValueMark) != 0;
    const auto type = static_cast<ValueType>(code & ~wire::kValueMark);
    if (is_marked && !may_be_marked(type)) return refuse("not a plain value");
    if (type == ValueType::reference) return replay(marked_);
    if (type == ValueType::text_reference) return replay(interned_);
    return remember_and_read(type, at, is_marked);
}

bool Decoder::remember_and_read(ValueType type, std::size_t at, bool is_marked) {
    const bool is_numbered = is_marked && !replaying_;
    const bool is_interned = type == ValueType::interned && !replaying_;
    const std::size_t mark = marked_.size(), intern = interned_.size();
    const std::size_t replayed_before = replayed_;
    if (is_numbered) marked_.push_back({at, 0});
    if (is_interned) interned_.push_back({at, 0});
    if (!(is_container(type) ? container(type) : scalar(type))) return false;
    const std::size_t expanded = position() - at + (replayed_ - replayed_before);
    if (is_numbered) marked_[mark].expanded = expanded;
    if (is_interned) interned_[intern].expanded = expanded;
    return true;
}

// Reads a value again at its place, so that the sink sees a tree. The value and all that it refers
// to have ended, so there are no circles.
bool Decoder::replay(const std::vector<Named>& named) {
    const std::size_t index = in_.u32le();
    if (!took_all()) return false;
    if (index >= named.size() || named[index].expanded == 0) return refuse("reference to nothing");
    const Named target = named[index];
    if (!replaying_) {  // inside a replay the bytes are counted already
        const std::size_t most = kMaxReplayFactor * input_.size() + kAlwaysReplayedBytes;
        if (target.expanded > most - replayed_)
            return refuse("references stand for too many values");
        replayed_ += target.expanded;
    }
    const std::size_t back = position();
    const bool was_replaying = std::exchange(replaying_, true);
    go_to(target.at);
    if (!value()) return false;
    go_to(back);
    replaying_ = was_replaying;
    return true;
}

bool Decoder::container(ValueType type) {
    const Container kind = container_of(type);
    const bool is_dict = kind == Container::dict;
    const std::size_t count = is_dict ? 0 : type == ValueType::small_tuple ? in_.u8() : length();
    if (!took_all()) return false;
    // Each item takes at least a byte, the items awaited by outer containers included. These items
    // come after this container, even in a replay.
    if (count > in_.left() || announced_ > in_.left() - count) return refuse("cut short");
    if (const char* why = nesting_.begin(kind, count)) return refuse(why);
    if (!tell_begin(kind, count)) return false;
    if (!(is_dict ? pairs() : items(count))) return false;
    if (const char* why = nesting_.end()) return refuse(why);
    return sink_.end();
}

bool Decoder::items(std::size_t count) {
    announced_ += count;
    for (; count > 0; --count) {
        --announced_;
        if (!value()) return false;
    }
    return true;
}

bool Decoder::pairs() {
    for (;;) {
        if (in_.left() == 0) return refuse("cut short");
        if (in_.rest()[0] == std::byte(ValueType::end_of_dict)) break;
        if (!value() || !value()) return false;
    }
    in_.u8();
    return true;
}

bool Decoder::tell_begin(Container container, std::size_t count) {
    switch (container) {
        case Container::tuple:
            return sink_.begin_tuple(count);
        case Container::list:
            return sink_.begin_list(count);
        case Container::set:
            return sink_.begin_set(count);
        case Container::frozenset:
            return sink_.begin_frozenset(count);
        case Container::dict:
            break;
    }
    return sink_.begin_dict();
}

bool Decoder::scalar(ValueType type) {
    if (const char* why = nesting_.scalar()) return refuse(why);
    switch (type) {
        case ValueType::null:
            return sink_.null();
        case ValueType::false_:
        case ValueType::true_:
            return sink_.boolean(type == ValueType::true_);
        case ValueType::int32:
            return integer(static_cast<std::int32_t>(in_.u32le()));
        case ValueType::int64:
            return integer(static_cast<std::int64_t>(in_.u64le()));
        case ValueType::digits:
            return digits();
        case ValueType::real:
        case ValueType::real_as_text:
            return real(type == ValueType::real_as_text);
        case ValueType::complex:
        case ValueType::complex_as_text:
            return complex(type == ValueType::complex_as_text);
        case ValueType::text:
        case ValueType::interned:
            return text(length());
        case ValueType::ascii:
        case ValueType::ascii_interned:
            return ascii(length());
        case ValueType::short_ascii:
        case ValueType::short_ascii_interned:
            return ascii(in_.u8());
        case ValueType::bytes:
            return bytes(length());
        case ValueType::end_of_dict:
            return refuse("an end where a value belongs");
        default:
            return refuse("not a plain value");
    }
}

bool Decoder::digits() {
    const auto signed_count = static_cast<std::int32_t>(in_.u32le());
    const bool negative = signed_count < 0;
    const std::int64_t count = negative ? -std::int64_t{signed_count} : signed_count;
    const Bytes raw = in_.take(2 * static_cast<std::size_t>(count));
    if (!took_all()) return false;
    const auto magnitude = wire::magnitude_of_digits(raw);
    if (!magnitude) return refuse("malformed integer");
    if (const auto small = wire::to_int64(negative, as_bytes(*magnitude))) return integer(*small);
    return sink_.big_integer(negative, wire::without_leading_zeros(as_bytes(*magnitude)));
}

std::optional<double> Decoder::next_real(bool as_text) {
    if (!as_text) return std::bit_cast<double>(in_.u64le());
    return parse_real(mailslot::as_text(in_.take(in_.u8())));
}

bool Decoder::real(bool as_text) {
    const auto value = next_real(as_text);
    if (!took_all()) return false;
    if (!value) return refuse("malformed real");
    return sink_.real(*value);
}

bool Decoder::complex(bool as_text) {
    const auto re = next_real(as_text);
    const auto im = next_real(as_text);
    if (!took_all()) return false;
    if (!re || !im) return refuse("malformed real");
    return sink_.complex(*re, *im);
}

bool Decoder::text(std::size_t size) {
    const std::string_view value = as_text(in_.take(size));
    if (!took_all()) return false;
    if (!is_utf8_or_surrogates(value)) return refuse("malformed text");
    return sink_.text(value);
}

bool Decoder::ascii(std::size_t size) {
    const std::string_view value = as_text(in_.take(size));
    if (!took_all()) return false;
    if (!is_ascii(value)) return refuse("malformed text");
    return sink_.text(value);
}

bool Decoder::bytes(std::size_t size) {
    const Bytes value = in_.take(size);
    return took_all() && sink_.bytes(value);
}

}  // namespace

Result<void> decode_value(std::span<const std::byte> bytes, ValueSink& sink) {
    return Decoder(bytes, sink).run();
}

}  // namespace mailslot
