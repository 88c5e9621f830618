#include "wire/winsys_record.h"

#include <cstdint>
#include <span>
#include <variant>

#include "mailslot/value.h"
#include "model/fold.h"

namespace mailslot::wire {
namespace {

constexpr int kLevels = 2;  // the handler marshals, then the mailslot below marshals again

struct Nothing {};
struct Text {
    std::string utf8;
};
using Part = std::variant<Nothing, std::nullptr_t, Text, std::string>;  // std::string: bytes

// Accepts None, text or bytes, and stops at anything else.
class RecordSink final : public ValueSink {
public:
    bool null() override {
        part.emplace<std::nullptr_t>();
        return true;
    }
    bool text(std::string_view utf8) override {
        part.emplace<Text>().utf8 = utf8;
        return true;
    }
    bool bytes(std::span<const std::byte> value) override {
        part.emplace<std::string>(as_text(value));
        return true;
    }
    bool boolean(bool) override { return false; }
    bool integer(std::int64_t) override { return false; }
    bool big_integer(bool, std::span<const std::byte>) override { return false; }
    bool real(double) override { return false; }
    bool complex(double, double) override { return false; }
    bool begin_tuple(std::size_t) override { return false; }
    bool begin_list(std::size_t) override { return false; }
    bool begin_set(std::size_t) override { return false; }
    bool begin_frozenset(std::size_t) override { return false; }
    bool begin_dict() override { return false; }
    bool end() override { return false; }

    Part part{};
};

Part decode(Bytes payload) {
    RecordSink sink;
    if (!decode_value(payload, sink)) return {};
    return std::move(sink.part);
}

}  // namespace

std::optional<WinsysRecord> winsys_record(Bytes payload, Format format) {
    if (format == Format::text) return std::nullopt;
    std::string inner;
    for (int level = 0; level < kLevels; ++level) {
        Part part = decode(level == 0 ? payload : as_bytes(inner));
        if (std::holds_alternative<std::nullptr_t>(part)) return WinsysRecord{.is_end = true};
        if (format == Format::value) return std::nullopt;  // shown as a value
        if (Text* const text = std::get_if<Text>(&part)) {
            if (!is_utf8(text->utf8)) return std::nullopt;  // surrogates, which Python allows
            return WinsysRecord{.text = std::move(text->utf8)};
        }
        std::string* const bytes = std::get_if<std::string>(&part);
        if (bytes == nullptr && level == 0) return std::nullopt;
        if (bytes == nullptr) break;
        inner = std::move(*bytes);
    }
    if (!is_utf8(inner)) return std::nullopt;
    return WinsysRecord{.text = std::move(inner)};
}

}  // namespace mailslot::wire
