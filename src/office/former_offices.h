// Offices that did not answer, and were replaced. Such an office may go on in the middle of a put,
// so its writers in our slots are buried only when the office hangs up.
// Threads: the station's only.
#pragma once

#include <map>
#include <optional>

#include "office/office_client.h"
#include "office/premises.h"
#include "office/slot_desk.h"

namespace mailslot::office {

class FormerOffices {
public:
    FormerOffices(const Premises& at, SlotDesk& desk) : at_(at), desk_(desk) {}

    void add(std::optional<OfficeClient::Former> former);  // nothing: does nothing

private:
    void hear(os::Handle connection);

    const Premises& at_;
    SlotDesk& desk_;
    std::map<os::Handle, OfficeClient::Former> offices_;  // by their connections
};

}  // namespace mailslot::office
