#include "mailslot/slot_arguments.h"

#include <array>

#include "model/trust.h"

namespace mailslot::cli {
namespace {

std::vector<std::string> trust_words() {
    std::vector<std::string> words;
    for (const Trust trust : kAllTrust) words.emplace_back(word_of(trust));
    return words;
}

}  // namespace

Argument access_option(SlotOptions& slot) {
    return choice(
        "--access", "WHO", "Users of this machine who may put: owner (default), group or everybody",
        {"owner", "group", "everybody"}, [&slot](std::size_t index) {
            slot.access = std::array{Access::owner, Access::group, Access::everybody}[index];
        });
}

Argument require_option(SlotOptions& slot) {
    return choice("--require", "TRUST",
                  "Refuse messages with less trust: none, domain (sealed with a key) or local",
                  trust_words(), [&slot](std::size_t index) { slot.require = kAllTrust[index]; });
}

Arguments slot_options(SlotOptions& slot) {
    return {
        number(
            "--max-messages", "N", "Most messages that may wait (default 1000000)", 1,
            [&slot](std::int64_t count) { slot.max_messages = static_cast<std::size_t>(count); }),
        size("--max-bytes", "Most bytes that may wait (default 64MiB)", slot.max_bytes),
        choice("--when-full", "POLICY",
               "When the slot is full: refuse new messages (default), or drop_oldest",
               {"refuse", "drop_oldest"},
               [&slot](std::size_t index) {
                   slot.when_full = std::array{WhenFull::refuse, WhenFull::drop_oldest}[index];
               }),
        choice("--order", "ORDER",
               "Order of messages: kept (default; waits up to 20 ms for a late one) or as_it_comes",
               {"kept", "as_it_comes"},
               [&slot](std::size_t index) {
                   slot.order = std::array{Order::kept, Order::as_it_comes}[index];
               }),
        access_option(slot),
        require_option(slot),
    };
}

}  // namespace mailslot::cli
