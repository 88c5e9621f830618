#include "mailslot/row.h"

#include "wire/well_known_slots.h"

namespace mailslot::cli {

Row row_of(const Message& message, const PrintOptions& print) {
    Row row = row_of(message);
    if (!print.decode) return row;
    row.decoded = wire::describe_message(message.slot(), message.bytes()).value_or("");
    return row;
}

}  // namespace mailslot::cli
