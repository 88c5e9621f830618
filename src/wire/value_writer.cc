#include <bit>
#include <limits>

#include "base/bytes.h"
#include "base/utf8.h"
#include "mailslot/value.h"
#include "wire/value_integer.h"
#include "wire/value_nesting.h"
#include "wire/value_types.h"

namespace mailslot {

using wire::Container;
using wire::ValueType;

namespace {

void append_type(std::string& out, ValueType type) { out += static_cast<char>(type); }

template <class Unsigned>
void append_le(std::string& out, Unsigned value) {
    for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i));
}

void append_real(std::string& out, double value) {
    append_le(out, std::bit_cast<std::uint64_t>(value));
}

void append_sized(std::string& out, ValueType type, std::string_view value) {
    append_type(out, type);
    append_le(out, static_cast<std::uint32_t>(value.size()));
    out += value;
}

}  // namespace

struct ValueWriter::State {
    wire::ValueNesting nesting;
    const char* problem = nullptr;

    bool refuse(const char* why) {
        problem = why;
        return false;
    }
    bool scalar() {
        if (problem == nullptr) problem = nesting.scalar();
        return problem == nullptr;
    }
    bool sized(std::size_t size) {
        if (problem == nullptr && size > wire::kMaxValueLength) problem = "too long";
        return problem == nullptr;
    }
    bool begin(std::string& out, Container container, ValueType type, std::size_t items) {
        if (!sized(items)) return false;
        problem = nesting.begin(container, items);
        if (problem != nullptr) return false;
        append_type(out, type);
        if (container != Container::dict) append_le(out, static_cast<std::uint32_t>(items));
        return true;
    }
};

ValueWriter::ValueWriter(std::string& out) : out_(out), state_(std::make_unique<State>()) {}
ValueWriter::~ValueWriter() = default;

bool ValueWriter::null() {
    if (!state_->scalar()) return false;
    append_type(out_, ValueType::null);
    return true;
}

bool ValueWriter::boolean(bool value) {
    if (!state_->scalar()) return false;
    append_type(out_, value ? ValueType::true_ : ValueType::false_);
    return true;
}

bool ValueWriter::integer(std::int64_t value) {
    using Int32 = std::numeric_limits<std::int32_t>;
    if (value < Int32::min() || value > Int32::max()) {
        const bool negative = value < 0;
        const auto bits = static_cast<std::uint64_t>(value);
        std::string magnitude;
        append_le(magnitude, negative ? 0 - bits : bits);
        return write_digits(negative, as_bytes(magnitude));
    }
    if (!state_->scalar()) return false;
    append_type(out_, ValueType::int32);
    append_le(out_, static_cast<std::uint32_t>(value));
    return true;
}

bool ValueWriter::big_integer(bool negative, std::span<const std::byte> magnitude) {
    if (const auto small = wire::to_int64(negative, magnitude)) return integer(*small);
    return write_digits(negative, magnitude);
}

bool ValueWriter::write_digits(bool negative, std::span<const std::byte> magnitude) {
    if (!state_->sized(magnitude.size()) || !state_->scalar()) return false;
    append_type(out_, ValueType::digits);
    wire::append_digits(out_, negative, magnitude);
    return true;
}

bool ValueWriter::real(double value) {
    if (!state_->scalar()) return false;
    append_type(out_, ValueType::real);
    append_real(out_, value);
    return true;
}

bool ValueWriter::complex(double re, double im) {
    if (!state_->scalar()) return false;
    append_type(out_, ValueType::complex);
    append_real(out_, re);
    append_real(out_, im);
    return true;
}

bool ValueWriter::text(std::string_view utf8) {
    if (!state_->sized(utf8.size())) return false;
    if (!is_utf8_or_surrogates(utf8)) return state_->refuse("malformed text");
    if (!state_->scalar()) return false;
    append_sized(out_, ValueType::text, utf8);
    return true;
}

bool ValueWriter::bytes(std::span<const std::byte> value) {
    if (!state_->sized(value.size()) || !state_->scalar()) return false;
    append_sized(out_, ValueType::bytes, as_text(value));
    return true;
}

bool ValueWriter::begin_tuple(std::size_t items) {
    return state_->begin(out_, Container::tuple, ValueType::tuple, items);
}
bool ValueWriter::begin_list(std::size_t items) {
    return state_->begin(out_, Container::list, ValueType::list, items);
}
bool ValueWriter::begin_set(std::size_t items) {
    return state_->begin(out_, Container::set, ValueType::set, items);
}
bool ValueWriter::begin_frozenset(std::size_t items) {
    return state_->begin(out_, Container::frozenset, ValueType::frozenset, items);
}
bool ValueWriter::begin_dict() { return state_->begin(out_, Container::dict, ValueType::dict, 0); }

bool ValueWriter::end() {
    if (state_->problem != nullptr) return false;
    const bool is_dict =
        state_->nesting.is_open() && state_->nesting.innermost() == Container::dict;
    state_->problem = state_->nesting.end();
    if (state_->problem != nullptr) return false;
    if (is_dict) append_type(out_, ValueType::end_of_dict);
    return true;
}

bool ValueWriter::is_whole() const {
    return state_->problem == nullptr && state_->nesting.is_whole();
}

std::string_view ValueWriter::problem() const {
    return state_->problem == nullptr ? std::string_view{} : state_->problem;
}

}  // namespace mailslot
