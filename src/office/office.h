// The post office of a machine at work: brings the parts together that receive, decide and deliver,
// and those that deal with registered processes. Only the holder of the office lock makes an Office.
// Threads: the station's only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "local/slot_folder.h"
#include "model/settings.h"
#include "office/delivery.h"
#include "office/deputies.h"
#include "office/door.h"
#include "office/handover.h"
#include "office/heirs.h"
#include "office/inquiries.h"
#include "office/machine_number.h"
#include "office/network.h"
#include "office/office_place.h"
#include "office/reception.h"
#include "office/registry.h"
#include "office/returners.h"
#include "os/event_loop.h"
#include "os/system_random.h"
#include "post/answerer.h"
#include "post/post_office.h"

namespace mailslot::office {

struct OfficeStatus {
    std::size_t slots = 0, registrants = 0;
    post::OfficeCounters counters;
    std::optional<Error> metrics_error{};  // why no metrics are served, if they should be
};

class Office {
public:
    // Starts on the network, then listens for registrations. Without a network the office still
    // works for processes that register. `estate` comes from an earlier office, or holds the lock
    // alone. The office receives once all processes that were registered are so again, at
    // `receive_by` at the latest.
    // Errors: no_permission, no_resources.
    static Result<std::unique_ptr<Office>> open(const Settings& settings,
                                                const local::SlotFolder& folder,
                                                std::uint64_t machine, const Clock& clock,
                                                os::EventLoop& loop, const OfficeRole& role,
                                                Estate estate, Clock::Instant receive_by);
    ~Office();

    Heirs& heirs() { return heirs_; }
    MachineNumber& machine() { return machine_; }
    OfficePlace& place() { return place_; }

    void add_own_slot(const std::string& key, OwnSlot own);
    void remove_own_slot(const std::string& key);
    void add_lent_slot(const std::string& key, std::unique_ptr<inbox::InboxWriter> writer) {
        registry_.add_lent(key, std::move(writer));
    }

    // Takes in all that waits in the sockets now.
    void drain();
    // Returns all that the office has. The office is of no further use after that.
    Estate take_apart();
    // Returns when the office receives at the latest, or nullopt if the office receives already.
    std::optional<Clock::Instant> receive_by() const { return returners_.until(); }

    // An office that did not answer (docs/office.md). Returns true if another process has taken our
    // place; otherwise tells deputies that the office works.
    bool is_replaced();
    bool has_deputies() const { return deputies_.has_any(); }
    // For a replaced office: takes in what waits, for our own slots only.
    void drain_into_own_slots();
    Deputies::Numbers take_lent_numbers() { return deputies_.take_numbers(); }

    void tick();
    std::optional<Clock::Instant> next_tick() const;
    const std::optional<Error>& network_error() const { return network_.error(); }
    OfficeStatus status() const;

private:
    Office(const Settings& settings, const local::SlotFolder& folder, std::uint64_t machine,
           const Clock& clock, os::EventLoop& loop, const OfficeRole& role, Estate& estate,
           Clock::Instant receive_by);
    bool may_put(const RegisteredSlot& slot);
    void adopt(Estate& estate);
    void receive(Carrier& carrier);
    void begin_to_receive();
    void use_machine_number();
    void book_counters();

    const Clock& clock_;
    bool is_replaced_ = false, drains_into_own_ = false;
    std::optional<Clock::Instant> book_at_;  // when the counters are copied to the slots' memory
    os::SystemRandom random_;
    post::OwnAddresses addresses_;
    Door door_;
    Heirs heirs_;
    Deputies deputies_;
    OfficePlace place_;
    Network network_;
    Registry registry_;
    post::Answerer answerer_;
    Delivery delivery_;
    post::PostOffice rules_;
    MachineNumber machine_;
    Returners returners_;
    Inquiries inquiries_;
    Reception reception_;
};

}  // namespace mailslot::office
