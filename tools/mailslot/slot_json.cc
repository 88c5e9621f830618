#include "mailslot/slot_json.h"

#include "mailslot/json_line.h"

namespace mailslot::cli {

std::vector<Loss> losses_of(const SlotInfo& slot) {
    static_assert(sizeof(Losses) == 7 * sizeof(std::uint64_t), "a new cause wants a row here");
    const Losses& lost = slot.lost;
    return {{"slot_full", lost.slot_full},     {"message_too_big", lost.message_too_big},
            {"network_gap", lost.network_gap}, {"fragment_timed_out", lost.fragment_timed_out},
            {"not_trusted", lost.not_trusted}, {"over_limit", lost.over_limit},
            {"bad_record", lost.bad_record}};
}

void append_slot_json(std::string& out, const SlotInfo& slot) {
    {
        JsonObject object(out);
        object.add("name", std::string_view(slot.name))
            .add("reader_pid", static_cast<std::uint64_t>(slot.reader_pid))
            .add("messages", slot.messages)
            .add("bytes", slot.bytes);
        if (slot.next_message_bytes)
            object.add("next_message_bytes", *slot.next_message_bytes);
        else
            object.add_null("next_message_bytes");
        object.add("received", slot.received)
            .add("repeats", slot.repeats)
            .add("senders", slot.senders);
        if (slot.max_message_bytes != 0)
            object.add("max_message_bytes", slot.max_message_bytes);
        else
            object.add_null("max_message_bytes");
        object.add("max_bytes", slot.max_bytes).add("max_messages", slot.max_messages);
        if (slot.read_timeout >= Timeout{0}) {
            object.add("read_timeout_ms", static_cast<std::uint64_t>(slot.read_timeout.count()));
        } else {
            object.add_null("read_timeout_ms");
        }
        object.add("lost", slot.lost.total());
        JsonObject causes(object.value("lost_by_cause"));
        for (const Loss& loss : losses_of(slot)) causes.add(loss.cause, loss.count);
    }
    out += '\n';
}

}  // namespace mailslot::cli
