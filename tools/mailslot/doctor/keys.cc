// Keys of domains: are they good, and do others seal with keys that are missing here?
#include "trust/keys.h"

#include <string>

#include "local/slot_folder.h"
#include "mailslot/doctor/finding.h"
#include "office/ask_office.h"
#include "trust/key_file.h"

namespace mailslot::cli::doctor {
namespace {

std::string names_of(const trust::KeyRing& ring) {
    std::string names;
    for (const trust::DomainKeys& keys : ring.domains()) {
        names += (names.empty() ? "" : ", ") + keys.domain;
        names += keys.current ? " (key " + trust::to_string(keys.current->id) + ")"
                              : " (not readable by this user)";
    }
    return names.empty() ? "there are no keys: nothing is sealed, and everybody can write" : names;
}

Finding of_this_machine(const Settings& settings, const trust::KeyRing& ring) {
    const std::string& wanted = settings.keys->default_domain();
    const trust::DomainKeys* const keys = wanted.empty() ? nullptr : ring.find(wanted);
    if (!wanted.empty() && (keys == nullptr || !keys->current)) {
        return {
            "keys", Status::failed, "no_default_key",
            "default_domain is " + wanted +
                ", but this user has no key of that domain: nothing can be sent to other machines",
            "mailslot key import    # reads the output of 'mailslot key export " + wanted +
                "' on another machine"};
    }
    if (!ring.is_empty() && !trust::can_lock_memory()) {
        return {"keys", Status::warning, "memory_not_locked",
                "keys may be swapped to disk: this user may not lock memory",
                "ulimit -l 8192    # or LimitMEMLOCK=8M in the service's unit"};
    }
    return {"keys", Status::ok, "", names_of(ring), ""};
}

// Reports messages that this machine's office refuses.
void look_at_refused(const Settings& settings, Findings& findings) {
    const auto counters = office::ask_for_counters(local::SlotFolder(settings.dir));
    if (!counters) return;
    const auto value_of = [&counters](std::string_view name) -> std::uint64_t {
        for (const auto& counter : *counters) {
            if (counter.name == name) return counter.value;
        }
        return 0;
    };
    const auto warn = [&](std::string_view counter, std::string cause, const std::string& what,
                          std::string fix) {
        const std::uint64_t count = value_of(counter);
        if (count == 0) return;
        findings.push_back({"sealed datagrams", Status::warning, std::move(cause),
                            std::to_string(count) + " " + what, std::move(fix)});
    };
    warn("rx_sealed", "unknown_key", "were sealed with a key that this machine does not have",
         "mailslot key export DOMAIN | ssh HOST mailslot key import    # on a machine that has the "
         "key; HOST is this machine");
    warn("rx_not_trusted", "not_trusted",
         "do not open with the key that they name, or were sealed for another machine",
         "mailslot key list    # compare with the sender's machine; if the keys are equal, "
         "somebody forges messages");
    warn("rx_wrong_time", "wrong_time",
         "were refused: sealed more than 10 minutes before or after this machine's time",
         "timedatectl set-ntp true    # here, and on the sender's machine");
}

}  // namespace

void check_keys(const Patient& patient, Findings& findings) {
    if (!patient.settings.keys) return;
    const auto ring = patient.settings.keys->ring();
    findings.push_back(of_this_machine(patient.settings, *ring));
    look_at_refused(patient.settings, findings);
}

// Returns the finding for a key that is no secret, or no key. Its command is taken from the error,
// if there.
Finding bad_key(const Error& error) {
    std::string fix =
        "mailslot key import --replace    # reads the output of 'mailslot key export' on another "
        "machine";
    if (error.reason == Reason::open_key) {
        const auto begin = error.detail.find("chmod ");
        fix = error.detail.substr(begin, error.detail.rfind('\'') + 1 - begin);
    }
    return {"keys", Status::failed, "bad_key", error.detail, fix};
}

}  // namespace mailslot::cli::doctor
