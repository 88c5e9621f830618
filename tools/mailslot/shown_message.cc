#include "mailslot/shown_message.h"

#include "wire/well_known_slots.h"
#include "wire/winsys_record.h"

namespace mailslot::cli {

ShownMessage shown(const Message& message) {
    const bool is_value = message.format() == Format::value;
    ShownMessage out{
        .slot = message.slot(),
        .from_host = message.from_host(),
        .from_address = message.from_address(),
        .data = message.text(),
        .literal = is_value ? value_to_text(message.bytes(), kMaxLiteralBytes).value_or("") : "",
        .origin = message.origin(),
        .sequence = message.sequence(),
        .lost_before = message.lost_before(),
        .sent_at = message.sent_at(),
        .format = message.format(),
        .trust = message.trust(),
        .labels = message.labels()};
    auto record = wire::winsys_record(message.bytes(), message.format());
    if (record && !record->is_end) out.record = std::move(record->text);
    return out;
}

ShownMessage shown(const Message& message, const PrintOptions& print) {
    ShownMessage out = shown(message);
    if (!print.decode) return out;
    out.decoded = wire::describe_message(message.slot(), message.bytes()).value_or("");
    return out;
}

}  // namespace mailslot::cli
