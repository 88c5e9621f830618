// The post office while this process has it, and the metrics that it serves then.
// Threads: the station's only.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "mailslot/result.h"
#include "office/metrics_server.h"
#include "office/office.h"
#include "office/premises.h"
#include "office/slot_desk.h"
#include "office/slot_errors.h"

namespace mailslot::office {

class OwnOffice {
public:
    OwnOffice(const Premises& at, SlotDesk& desk, SlotErrors& errors, const OfficeRole& role)
        : at_(at), desk_(desk), errors_(errors), role_(role) {}

    explicit operator bool() const { return office_ != nullptr; }
    Office* operator->() const { return office_.get(); }

    // Opens the office with an estate. `receive_by`: as in Office::open.
    // Errors: as Office::open.
    Result<void> open(Estate estate, Clock::Instant receive_by);
    // Returns the writers that deputies have in our slots.
    Deputies::Numbers close();

    void add(const SlotDesk::Slot& slot) {
        office_->add_own_slot(slot->name().key, desk_.own_slot(slot));
    }
    OfficeStatus status() const;

private:
    void start_metrics();

    const Premises& at_;
    SlotDesk& desk_;
    SlotErrors& errors_;
    const OfficeRole role_;
    std::unique_ptr<Office> office_;
    std::unique_ptr<MetricsServer> metrics_;  // set if the settings want metrics
    std::optional<Error> metrics_error_{};    // why the metrics could not be served
};

}  // namespace mailslot::office
