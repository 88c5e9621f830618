#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

#include "mailslot/result.h"

namespace mailslot {
namespace {

struct Words {
    Errc code;
    std::string_view name;    // as the enumeration spells it
    std::string_view what;    // what happened, for people
    std::string_view advice;  // what to do about it
};

constexpr Words kWords[] = {
    {Errc::bad_name, "bad_name", "bad name",
     R"(write NAME for a slot of this machine, or \\PLACE\mailslot\NAME)"},
    {Errc::name_too_long, "name_too_long", "name too long",
     "an address has at most 259 characters in all"},
    {Errc::no_such_slot, "no_such_slot", "no such slot",
     "start its reader first; `mailslot list` shows the slots of this machine"},
    {Errc::slot_exists, "slot_exists", "slot exists",
     "only one reader a machine may have this name: end the other, or choose another name"},
    {Errc::wrong_direction, "wrong_direction", "wrong direction",
     "an end reads or writes, never both: open a second one"},
    {Errc::closed, "closed", "closed", "open a new reader or writer"},
    {Errc::timed_out, "timed_out", "timed out", "try again, or wait longer"},
    {Errc::message_too_big, "message_too_big", "message too big",
     "split it, or let the reader allow more (max_message_bytes)"},
    {Errc::slot_full, "slot_full", "slot full",
     "let the reader take messages, wait for room, or let the slot hold more (max_bytes, "
     "max_messages)"},
    {Errc::no_permission, "no_permission", "no permission",
     "ask the reader's user to open the slot (access), run as that user, or choose a folder of "
     "your "
     "own (MAILSLOT_DIR)"},
    {Errc::no_resources, "no_resources", "no resources",
     "free memory, disk space or open files, or raise their limit (ulimit)"},
    {Errc::unreachable, "unreachable", "unreachable",
     "check the address and that a network interface is up (`ip address`, `ip route`)"},
    {Errc::port_taken, "port_taken", "port taken",
     "end the program that has it, or choose another port on all machines (MAILSLOT_PORT)"},
    {Errc::bad_packet, "bad_packet", "bad packet",
     "check that all machines run versions that know each other"},
    {Errc::bad_segment, "bad_segment", "bad shared memory", "restart the slot's reader"},
    {Errc::bad_config, "bad_config", "bad configuration",
     "correct it; docs/configuration.md says how"},
    {Errc::bad_label, "bad_label", "bad label",
     "use fewer, shorter or other labels; docs/protocol/labels.md has the limits"},
    {Errc::interrupted, "interrupted", "interrupted", "try again"},
};

constexpr Words kUnknown{{}, "unknown", "unknown error", "report it as a bug"};

const Words& words_for(Errc code) {
    for (const Words& words : kWords) {
        if (words.code == code) return words;
    }
    return kUnknown;
}

// Limits and rights of files say something else: EACCES, EAGAIN, EMFILE.
constexpr std::string_view kForbidden =
    "the system forbids this call here: look at the sandbox (SystemCallFilter=, "
    "RestrictAddressFamilies=, a container's seccomp profile) and at the firewall";

bool is_forbidden(const Error& error) {
    switch (error.os_code) {
        case EPERM:
            return error.code == Errc::no_resources || error.code == Errc::no_permission ||
                   error.code == Errc::unreachable;
        case ENOSYS:
            return true;
        case EAFNOSUPPORT:
            return error.code == Errc::no_resources || error.code == Errc::unreachable;
        default:
            return false;
    }
}

// Names and paths come from strangers: no control character of theirs may reach a terminal or split
// the line.
void append_on_one_line(std::string& line, std::string_view text) {
    for (const char c : text) {
        const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        line += is_control ? '?' : c;
    }
}

}  // namespace

std::string_view to_string(Errc code) { return words_for(code).name; }

std::string to_string(const Error& error) {
    const Words& words = words_for(error.code);
    std::string line(words.what);
    if (!error.detail.empty()) {
        line += ": ";
        append_on_one_line(line, error.detail);
    }
    const std::string_view step = error.step != nullptr ? error.step : "";
    if (error.os_code != 0) {
        line += " (";
        if (!step.empty()) (line += step) += ": ";
        (line += std::generic_category().message(error.os_code)) += ")";
    } else if (error.detail.empty() && !step.empty()) {
        ((line += " (") += step) += ")";
    }
    // It is about a key, not about a slot: `detail` says where it is to be had.
    if (error.code == Errc::no_permission && (step == "seal" || step == "key")) return line;
    return (line += "; ") += is_forbidden(error) ? kForbidden : words.advice;
}

}  // namespace mailslot
