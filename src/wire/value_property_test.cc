// Random values through value.h and back. RapidCheck prints the seed of a failure.
#include <gtest/gtest.h>

#if __has_include(<rapidcheck/gtest.h>)
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/value.h"
#include "model/testing/unicode_gen.h"
#include "wire/testing/value_events.h"

namespace mailslot::wire {
namespace {

// Makes each call on both sinks.
class Both {
public:
    Both(ValueSink& one, ValueSink& other) : one_(one), other_(other) {}
    template <class Call>
    void tell(Call call) {
        RC_ASSERT(call(one_));
        RC_ASSERT(call(other_));
    }

private:
    ValueSink &one_, &other_;
};

void tell_integer(Both& sinks) {
    const auto value = *rc::gen::arbitrary<std::int64_t>() >> *rc::gen::inRange(0, 64);
    sinks.tell([&](ValueSink& sink) { return sink.integer(value); });
}

void tell_big_integer(Both& sinks) {
    auto magnitude =
        *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>());
    magnitude.resize(magnitude.size() + 8);
    magnitude.push_back(*rc::gen::inRange<std::uint8_t>(1, 255));
    const bool negative = *rc::gen::arbitrary<bool>();
    sinks.tell([&](ValueSink& sink) {
        return sink.big_integer(negative, std::as_bytes(std::span(magnitude)));
    });
}

void tell_scalar(Both& sinks) {
    switch (*rc::gen::inRange(0, 8)) {
        case 0:
            return sinks.tell([](ValueSink& sink) { return sink.null(); });
        case 1: {
            const bool value = *rc::gen::arbitrary<bool>();
            return sinks.tell([&](ValueSink& sink) { return sink.boolean(value); });
        }
        case 2:
            return tell_integer(sinks);
        case 3:
            return tell_big_integer(sinks);
        case 4: {
            const auto value = *rc::gen::arbitrary<double>();
            return sinks.tell([&](ValueSink& sink) { return sink.real(value); });
        }
        case 5: {
            const auto re = *rc::gen::arbitrary<double>(), im = *rc::gen::arbitrary<double>();
            return sinks.tell([&](ValueSink& sink) { return sink.complex(re, im); });
        }
        case 6: {
            const auto text = *testing::text_of(testing::any_code_point());
            return sinks.tell([&](ValueSink& sink) { return sink.text(text); });
        }
        default: {
            const auto bytes = *rc::gen::arbitrary<std::string>();
            return sinks.tell([&](ValueSink& sink) { return sink.bytes(as_bytes(bytes)); });
        }
    }
}

// `frozen`: inside a key or a set, which cannot hold lists, sets or dicts.
void tell_value(Both& sinks, int depth, bool frozen);

void tell_items(Both& sinks, std::size_t count, int depth, bool frozen) {
    for (; count > 0; --count) tell_value(sinks, depth + 1, frozen);
    sinks.tell([](ValueSink& sink) { return sink.end(); });
}

void tell_dict(Both& sinks, std::size_t pairs, int depth) {
    sinks.tell([](ValueSink& sink) { return sink.begin_dict(); });
    for (; pairs > 0; --pairs) {
        tell_value(sinks, depth + 1, true);
        tell_value(sinks, depth + 1, false);
    }
    sinks.tell([](ValueSink& sink) { return sink.end(); });
}

void tell_value(Both& sinks, int depth, bool frozen) {
    const int kind = depth >= 4 ? 9 : *rc::gen::inRange(0, 10);
    const auto count = *rc::gen::inRange<std::size_t>(0, 4);
    if (kind == 0) {
        sinks.tell([&](ValueSink& sink) { return sink.begin_tuple(count); });
        return tell_items(sinks, count, depth, frozen);
    }
    if (kind == 1) {
        sinks.tell([&](ValueSink& sink) { return sink.begin_frozenset(count); });
        return tell_items(sinks, count, depth, true);
    }
    if (frozen || kind > 4) return tell_scalar(sinks);
    if (kind == 2) {
        sinks.tell([&](ValueSink& sink) { return sink.begin_list(count); });
        return tell_items(sinks, count, depth, false);
    }
    if (kind == 3) {
        sinks.tell([&](ValueSink& sink) { return sink.begin_set(count); });
        return tell_items(sinks, count, depth, true);
    }
    tell_dict(sinks, count, depth);
}

// A random value: its bytes and the events written.
struct Sample {
    std::string bytes;
    std::string events;
};

Sample some_value() {
    Sample sample;
    ValueWriter writer(sample.bytes);
    ValueEvents events;
    Both both(writer, events);
    both.tell([](ValueSink& sink) { return sink.begin_list(3); });
    tell_items(both, 3, 0, false);
    RC_ASSERT(writer.is_whole());
    sample.events = events.line();
    return sample;
}

RC_GTEST_PROP(ValueProperty, values_come_out_as_they_went_in, ()) {
    const Sample sample = some_value();
    ValueEvents events;
    RC_ASSERT(decode_value(as_bytes(sample.bytes), events).has_value());
    RC_ASSERT(events.line() == sample.events);
    std::string again;
    ValueWriter writer(again);
    RC_ASSERT(decode_value(as_bytes(sample.bytes), writer).has_value());
    RC_ASSERT(again == sample.bytes);
}

RC_GTEST_PROP(ValueProperty, every_beginning_is_refused, ()) {
    const Sample sample = some_value();
    const auto size = *rc::gen::inRange<std::size_t>(0, sample.bytes.size());
    ValueEvents events;
    RC_ASSERT(!decode_value(as_bytes(sample.bytes).first(size), events).has_value());
    RC_ASSERT(sample.events.starts_with(events.line()));
}

RC_GTEST_PROP(ValueProperty, bytes_changed_at_random_are_refused_or_have_one_encoding, ()) {
    Sample sample = some_value();
    for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, sample.bytes.size());
        sample.bytes[at] = static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
    }
    ValueEvents events, again;
    if (!decode_value(as_bytes(sample.bytes), events)) return;
    std::string canonical;
    ValueWriter writer(canonical);
    RC_ASSERT(decode_value(as_bytes(sample.bytes), writer).has_value());
    RC_ASSERT(writer.is_whole());
    RC_ASSERT(decode_value(as_bytes(canonical), again).has_value());
    RC_ASSERT(events.line() == again.line());
}

}  // namespace
}  // namespace mailslot::wire

#endif
