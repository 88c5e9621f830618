// Writes the books of a post office for its successor, and reads them:
// docs/protocol/office-state.md. Pure.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.h"
#include "post/books.h"
#include "post/machine_ids.h"
#include "post/parts.h"
#include "post/slots.h"
#include "wire/office_state.h"

namespace mailslot::post {

// Writes all that is known.
void write_books(wire::OfficeStateWriter& out, const Books& books, const MachineIds& ids,
                 const Slots& slots);

class BookReader {
public:
    BookReader(Books& books, MachineIds& ids, Parts& parts)
        : books_(books), ids_(ids), parts_(parts) {}

    // Reads into books that are empty, and opens the slots. Returns the number of each slot's memory.
    // State of the carrier goes to `take_sealer`.
    std::map<std::string, std::uint64_t, std::less<>> read(
        Bytes bytes, const std::function<void(const wire::SealerState&)>& take_sealer);

private:
    bool take_sender(SlotBook& slot, const wire::SenderState& state);
    bool take_part(SlotBook& slot, const wire::PartState& state);

    Books& books_;
    MachineIds& ids_;
    Parts& parts_;
};

}  // namespace mailslot::post
