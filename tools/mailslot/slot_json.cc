#include "mailslot/slot_json.h"

#include <optional>

#include "base/saturating.h"
#include "mailslot/json_line.h"
#include "model/trust.h"

namespace mailslot::cli {

std::string_view word_of(WhenFull policy) {
    return policy == WhenFull::drop_oldest ? "drop_oldest" : "refuse";
}

std::string_view word_of(Order order) {
    return order == Order::as_it_comes ? "as_it_comes" : "kept";
}

std::string causes_text(const Losses& lost) {
    std::string text;
    for (const LossCause& cause : kLossCauses) {
        const std::uint64_t count = lost.*cause.count;
        if (count == 0) continue;
        if (!text.empty()) text += ", ";
        (text += cause.name) += ' ' + std::to_string(count);
    }
    return text;
}

std::string losses_text(std::span<const Losses> lost) {
    Losses sum;
    for (const LossCause& cause : kLossCauses) {
        for (const Losses& one : lost) count_up(sum.*cause.count, one.*cause.count);
    }
    const std::string causes = causes_text(sum);
    return std::to_string(sum.total()) + " lost" + (causes.empty() ? "" : " (" + causes + ")");
}

namespace {

void add_losses(JsonObject& object, const Losses& lost) {
    object.add("lost", lost.total());
    JsonObject causes(object.value("lost_by_cause"));
    for (const LossCause& cause : kLossCauses) causes.add(cause.name, lost.*cause.count);
}

void add_or_null(JsonObject& object, std::string_view key, std::optional<std::uint64_t> number) {
    if (number)
        object.add(key, *number);
    else
        object.add_null(key);
}

std::optional<std::uint64_t> some(std::uint64_t number) {
    return number == 0 ? std::nullopt : std::optional(number);
}

}  // namespace

void add_slot(JsonObject& object, const SlotInfo& slot) {
    object.add("name", std::string_view(slot.name))
        .add("reader_pid", static_cast<std::uint64_t>(slot.reader_pid))
        .add("messages", slot.messages)
        .add("bytes", slot.bytes);
    add_or_null(object, "next_message_bytes", slot.next_message_bytes);
    object.add("received", slot.received)
        .add("received_bytes", slot.received_bytes)
        .add("repeats", slot.repeats)
        .add("senders", slot.senders)
        .add("senders_forgotten", slot.senders_forgotten);
    add_or_null(object, "max_message_bytes", some(slot.max_message_bytes));
    object.add("max_bytes", slot.max_bytes).add("max_messages", slot.max_messages);
    object.add("when_full", word_of(slot.when_full));
    object.add("require", word_of(slot.require));
    object.add("order", word_of(slot.order));
    const bool for_ever = slot.read_timeout < Timeout{0};
    const auto timeout = static_cast<std::uint64_t>(slot.read_timeout.count());
    add_or_null(object, "read_timeout_ms", for_ever ? std::nullopt : std::optional(timeout));
    add_losses(object, slot.lost);
}

void add_sender(JsonObject& object, const SenderInfo& sender) {
    std::string origin, heard;
    append_origin(origin, sender.origin);
    append_utc(heard, sender.last_heard);
    object.add("from_host", std::string_view(sender.from_host))
        .add("from_address", std::string_view(sender.from_address))
        .add("origin", std::string_view(origin))
        .add("received", sender.received)
        .add("repeats", sender.repeats);
    add_losses(object, sender.lost);
    object.add("lost_untold", sender.lost_untold)
        .add("told_then_arrived", sender.told_then_arrived)
        .add("last_heard", std::string_view(heard));
}

void append_sender_json(std::string& out, const SenderInfo& sender) {
    JsonObject object(out);
    add_sender(object, sender);
}

void append_slot_json(std::string& out, const SlotInfo& slot) {
    {
        JsonObject object(out);
        add_slot(object, slot);
    }
    out += '\n';
}

void append_slot_json(std::string& out, const SlotInfo& slot,
                      const Result<std::vector<SenderInfo>>& senders) {
    {
        JsonObject object(out);
        add_slot(object, slot);
        std::string& list = object.value("by_sender");
        if (!senders) {
            list += "null";
        } else {
            list += '[';
            for (const SenderInfo& sender : *senders) {
                if (list.back() != '[') list += ',';
                append_sender_json(list, sender);
            }
            list += ']';
        }
    }
    out += '\n';
}

}  // namespace mailslot::cli
