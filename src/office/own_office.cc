#include "office/own_office.h"

#include <utility>

#include "office/office_client.h"
#include "os/system_random.h"

namespace mailslot::office {
namespace {

// Returns the number of the office that we were registered with, so that writers need not change.
// Draws a new number if that office is in another network, because it may go on there.
std::uint64_t machine_number(const MachineId& former, const NetworkId& network) {
    return may_be_one(former.network, network) ? former.number : os::SystemRandom().u64() | 1;
}

}  // namespace

Result<void> OwnOffice::open(Estate estate, Clock::Instant receive_by) {
    auto opened =
        Office::open(at_.settings, at_.folder, machine_number(desk_.machine(), at_.network),
                     at_.clock, at_.loop, role_, std::move(estate), receive_by);
    if (!opened) {
        errors_.set_network(opened.error());
        return opened.error();
    }
    office_ = std::move(*opened);
    const auto use = [this](const MachineId& machine) {
        use_machine(machine, at_.settings.dir, at_, desk_, errors_);
    };
    office_->machine().tell_changes_to(use);
    use(office_->machine().present());
    start_metrics();
    errors_.set_network(office_->network_error());
    return {};
}

void OwnOffice::start_metrics() {
    metrics_.reset();
    metrics_error_.reset();
    if (at_.settings.metrics.empty()) return;
    auto started = MetricsServer::start(at_.settings, at_.folder);
    if (started) {
        metrics_ = std::move(*started);
    } else {
        metrics_error_ = started.error();
    }
}

Deputies::Numbers OwnOffice::close() {
    metrics_.reset();
    Deputies::Numbers writers;
    if (office_) writers = office_->take_lent_numbers();
    office_.reset();
    return writers;
}

OfficeStatus OwnOffice::status() const {
    OfficeStatus status;
    if (office_) status = office_->status();
    status.metrics_error = metrics_ ? metrics_->error() : metrics_error_;
    return status;
}

}  // namespace mailslot::office
