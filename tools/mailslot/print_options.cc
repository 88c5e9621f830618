#include "mailslot/print_options.h"

namespace mailslot::cli {

Arguments print_arguments(PrintOptions& print) {
    return {
        flag("--json", "One JSON object a line, with the envelope", print.json),
        flag("--raw", "Only the message's bytes, without a newline", print.raw).without("--json"),
        flag("--decode", "Explain messages of BROWSE, MESSNGR and NET\\NETLOGON in words",
             print.decode),
    };
}

}  // namespace mailslot::cli
