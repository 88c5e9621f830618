#include "mailslot/slot_arguments.h"

#include <CLI/CLI.hpp>
#include <string>

#include "model/trust.h"

namespace mailslot::cli {

void add_access(CLI::App& verb, SlotOptions& slot) {
    const auto set = [&slot](const std::string& word) {
        if (word == "owner")
            slot.access = Access::owner;
        else if (word == "group")
            slot.access = Access::group;
        else if (word == "everybody")
            slot.access = Access::everybody;
        else
            throw CLI::ValidationError("--access",
                                       "'" + word + "' is not owner, group or everybody");
    };
    verb.add_option_function<std::string>(
            "--access", set,
            "Users of this machine who may put: owner (default), group or everybody")
        ->type_name("WHO");
}

void add_when_full(CLI::App& verb, SlotOptions& slot) {
    const auto set = [&slot](const std::string& word) {
        if (word == "refuse")
            slot.when_full = WhenFull::refuse;
        else if (word == "drop_oldest")
            slot.when_full = WhenFull::drop_oldest;
        else
            throw CLI::ValidationError("--when-full",
                                       "'" + word + "' is not refuse or drop_oldest");
    };
    verb.add_option_function<std::string>(
            "--when-full", set,
            "When the slot is full: refuse new messages (default), or drop_oldest")
        ->type_name("POLICY");
}

void add_order(CLI::App& verb, SlotOptions& slot) {
    const auto set = [&slot](const std::string& word) {
        if (word == "kept")
            slot.order = Order::kept;
        else if (word == "as_it_comes")
            slot.order = Order::as_it_comes;
        else
            throw CLI::ValidationError("--order", "'" + word + "' is not kept or as_it_comes");
    };
    verb.add_option_function<std::string>(
            "--order", set,
            "Order of messages: kept (default; waits up to 20 ms for a late one) or as_it_comes")
        ->type_name("ORDER");
}

void add_require(CLI::App& verb, SlotOptions& slot) {
    const auto set = [&slot](const std::string& word) {
        slot.require = parse_trust(word);
        if (!slot.require) {
            throw CLI::ValidationError("--require", "'" + word + "' is not none, domain or local");
        }
    };
    verb.add_option_function<std::string>(
            "--require", set,
            "Refuse messages with less trust: none, domain (sealed with a key) or local")
        ->type_name("TRUST");
}

}  // namespace mailslot::cli
