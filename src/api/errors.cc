#include <string>
#include <string_view>
#include <system_error>

#include "base/visible_text.h"
#include "mailslot/result.h"
#include "os/failure.h"

namespace mailslot {
namespace {

using os::Failure;

struct Words {
    Errc code;
    std::string_view name;    // as the enumeration spells it
    std::string_view what;    // the event, for people
    std::string_view advice;  // the remedy
};

constexpr Words kWords[] = {
    {Errc::bad_name, "bad_name", "bad name",
     R"(write NAME for a slot of this machine, or \\PLACE\mailslot\NAME)"},
    {Errc::name_too_long, "name_too_long", "name too long",
     "an address has at most 259 characters in all"},
    {Errc::no_such_slot, "no_such_slot", "no such slot",
     "start its reader first (`mailslot list` shows the slots that this user can reach); if "
     "`mailslot who NAME` shows another user's slot, write to \\\\*\\mailslot\\NAME"},
    {Errc::slot_exists, "slot_exists", "slot exists",
     "only one reader per machine can have this name: end the other reader, or choose another "
     "name"},
    {Errc::wrong_direction, "wrong_direction", "wrong direction",
     "one end cannot both read and write: open a second end"},
    {Errc::closed, "closed", "closed", "open a new reader or writer"},
    {Errc::timed_out, "timed_out", "timed out", "try again, or wait longer"},
    {Errc::message_too_big, "message_too_big", "message too big",
     "split the message, or let the reader allow larger ones (max_message_bytes, max_bytes)"},
    {Errc::slot_full, "slot_full", "slot full",
     "let the reader take messages, wait for room, or let the slot hold more (max_bytes, "
     "max_messages)"},
    {Errc::no_permission, "no_permission", "no permission",
     "ask the reader's user to open the slot (access), or run as that user"},
    {Errc::no_resources, "no_resources", "no resources",
     "free memory, disk space or open files, or raise their limit (ulimit)"},
    {Errc::unreachable, "unreachable", "unreachable",
     "check the address and that a network interface is up (`ip address`, `ip route`)"},
    {Errc::port_taken, "port_taken", "port taken",
     "end the program that uses the port, or choose another port on all machines (MAILSLOT_PORT)"},
    {Errc::bad_packet, "bad_packet", "bad packet",
     "check that all machines run compatible versions"},
    {Errc::bad_segment, "bad_segment", "bad shared memory", "restart the slot's reader"},
    {Errc::bad_config, "bad_config", "bad configuration",
     "correct it as described in docs/configuration.md"},
    {Errc::bad_label, "bad_label", "bad label",
     "use fewer, shorter or other labels; docs/protocol/labels.md has the limits"},
    {Errc::interrupted, "interrupted", "interrupted", "try again"},
};

constexpr Words kUnknown{{}, "unknown", "unknown error", "report it as a bug"};

// Steps whose errors need other advice than their code alone. Empty if `detail` gives the advice.
struct StepAdvice {
    Errc code;
    std::string_view step;
    std::string_view advice;
};

constexpr std::string_view kFolder =
    "run as the folder's owner, or choose a folder of your own (MAILSLOT_DIR)";
constexpr std::string_view kFile =
    "check the owner and the mode of the file and its folder (`ls -ld`), or run as their owner";
constexpr std::string_view kNewFolder =
    "run as a user who may create the folder, or choose a folder of your own (MAILSLOT_DIR)";
constexpr std::string_view kStopped = "resume that process (kill -CONT), or end it";

constexpr std::string_view kFamily =
    "check the sandbox of the receiving process (RestrictAddressFamilies=, a seccomp profile)";

constexpr StepAdvice kSteps[] = {
    {Errc::bad_name, "reader name",
     "write NAME alone: only put, signal, who and doctor reach other machines"},
    {Errc::bad_name, "own name", "write NAME alone for a slot of this machine"},
    {Errc::bad_name, "key",
     R"(the name of a domain contains no \, / or *, does not begin with a dot or blank, and has at most 200 bytes)"},
    {Errc::bad_name, "classic slot", "give the slot a shorter name of ASCII letters"},
    {Errc::bad_name, "net-send", {}},
    {Errc::bad_name, "classic name", {}},
    {Errc::no_such_slot, "take over", kStopped},
    {Errc::timed_out, "take over", kStopped},
    {Errc::timed_out, "lock", kStopped},
    {Errc::timed_out, "ask the reader", kStopped},
    {Errc::timed_out, "ask the post office", kStopped},
    {Errc::slot_exists, "take over", {}},
    {Errc::message_too_big, "send",
     "split the message: this is the network's limit, not the reader's"},
    {Errc::no_resources, "size the slot", {}},
    {Errc::no_permission, "seal", {}},
    {Errc::no_permission, "key", {}},
    {Errc::no_permission, "create slot", {}},
    {Errc::no_permission, "register",
     "start `mailslotd --system` as root or as that user, or choose a folder of your own "
     "(MAILSLOT_DIR)"},
    {Errc::no_permission, "look at folder", kFolder},
    {Errc::no_permission, "use folder", kFolder},
    {Errc::no_permission, "make folder", kNewFolder},
    {Errc::bad_config, "use folder", "choose another folder (MAILSLOT_DIR)"},
    {Errc::no_permission, "open folder", kFolder},
    {Errc::no_permission, "open lock", kFolder},
    {Errc::no_permission, "lock", kFolder},
    {Errc::no_permission, "bind the reader's socket", kFolder},
    {Errc::no_permission, "open file", kFile},
    {Errc::no_permission, "use store", kFile},
    {Errc::no_permission, "read file", kFile},
    {Errc::no_permission, "create file", kFile},
    {Errc::no_permission, "write file", kFile},
    {Errc::no_permission, "remove file", kFile},
    {Errc::no_permission, "list folder", kFile},
    {Errc::no_permission, "become user", "start mailslotd as root, or as that user"},
    {Errc::no_permission, "ask the post office", "run as that user, or as root"},
    {Errc::no_permission, "bind",
     "only root may use ports below 1024: run as root, or lower "
     "net.ipv4.ip_unprivileged_port_start with sysctl"},
    {Errc::no_permission, "send",
     "a firewall on this machine forbids sending: `mailslot doctor`, as root, shows the rule"},
    {Errc::unreachable, "ask the post office",
     "try again; `mailslot doctor` shows which process is the post office"},
    {Errc::unreachable, "one address family", kFamily},
    {Errc::no_permission, "one address family", kFamily},
    {Errc::unreachable, "find",
     "check the name, and that the machine is switched on and connected to this network"},
    {Errc::bad_config, "read key", "docs/trust.md describes how keys are stored"},
    {Errc::bad_config, "user", "name a user of this machine"},
    {Errc::bad_config, "find file", "create the file, or name another file"},
    {Errc::bad_config, "open file", kFile},
    {Errc::bad_config, "no file", "name a file as described in docs/configuration.md"},
    {Errc::port_taken, "serve", "end the program that uses it, or configure another address"},
    {Errc::unreachable, "serve", "configure an address of this machine"},
    {Errc::no_permission, "make socket", kFile},
    {Errc::port_taken, "make socket",
     "end the program that uses it, remove the file, or configure another name"},
    {Errc::bad_config, "make socket",
     "end the program that uses it, remove the file, or configure another name"},
};

// Returns the advice for the system's reason, which says more than the bare error code.
std::string_view advice_about_resources(int os_code) {
    switch (os::failure_of(os_code)) {
        case Failure::none:
        case Failure::busy:
            return "free memory, disk space or open files, or raise their limit (ulimit)";
        case Failure::no_space:
            return "free disk space or memory there";
        case Failure::no_memory:
            return "free memory, or raise its limit (ulimit -v)";
        case Failure::no_descriptors:
            return "raise the limit of open files (ulimit -n)";
        case Failure::no_open_files:
            return "close files of other programs, or raise fs.file-max (sysctl)";
        case Failure::file_too_big:
            return "raise the limit of a file's size (ulimit -f)";
        case Failure::is_folder:
            return "this is a folder: name a file";
        case Failure::missing:
            return "create its folder first, or name another file";
        default:
            return {};  // the reason stands before this
    }
}

const Words& words_for(Errc code) {
    for (const Words& words : kWords) {
        if (words.code == code) return words;
    }
    return kUnknown;
}

std::string_view step_of(const Error& error) {
    return error.step != nullptr ? error.step : std::string_view();
}

// For calls that the system forbids or lacks. Failures that file permissions and limits cause are
// left out.
constexpr std::string_view kForbidden =
    "the system forbids this call: check the sandbox (SystemCallFilter=, RestrictAddressFamilies=, "
    "a container's seccomp profile) and the firewall";

bool is_forbidden(const Error& error) {
    switch (os::failure_of(error.os_code)) {
        case Failure::forbidden:  // for datagrams, the answer of a firewall
            return error.code == Errc::no_resources || error.code == Errc::no_permission ||
                   (error.code == Errc::unreachable && step_of(error) != "send");
        case Failure::no_such_call:
            return true;
        case Failure::no_family:
            return error.code == Errc::no_resources || error.code == Errc::unreachable;
        default:
            return false;
    }
}

std::string_view advice_about_step(const StepAdvice& special, int os_code) {
    if (os::failure_of(os_code) != Failure::read_only) return special.advice;
    if (special.advice == kFolder || special.advice == kNewFolder) {
        return "choose a writable folder (MAILSLOT_DIR), or mount this folder writable";
    }
    return "choose a writable folder, or mount this folder writable";
}

// Returns the advice, or an empty text if the line contains it already.
std::string_view advice_for(const Error& error) {
    for (const StepAdvice& special : kSteps) {
        if (special.code == error.code && special.step == step_of(error)) {
            return advice_about_step(special, error.os_code);
        }
    }
    if (is_forbidden(error)) return kForbidden;
    if (step_of(error) == "start thread") return {};  // the detail names the limits
    if (error.code == Errc::no_resources) return advice_about_resources(error.os_code);
    if (error.code == Errc::port_taken && error.reason == Reason::classic_port) {
        return "end the program that uses the port; see docs/windows.md, \"On one machine with "
               "Samba\"";
    }
    return words_for(error.code).advice;
}

}  // namespace

std::string_view to_string(Errc code) { return words_for(code).name; }

std::string to_string(const Error& error) {
    const Words& words = words_for(error.code);
    std::string line(words.what);
    if (!error.detail.empty()) {
        line += ": ";
        append_visible(line, error.detail);  // names and paths come from strangers
    }
    const std::string_view step = step_of(error);
    if (error.os_code != 0) {
        line += " (";
        if (!step.empty()) (line += step) += ": ";
        (line += std::generic_category().message(error.os_code)) += ")";
    } else if (error.detail.empty() && !step.empty()) {
        ((line += " (") += step) += ")";
    }
    const std::string_view advice = advice_for(error);
    return advice.empty() ? line : (line += "; ") += advice;
}

}  // namespace mailslot
