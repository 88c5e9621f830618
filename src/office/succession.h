// Makes sure that this process's slots have an office: finds an office and registers there, becomes
// the office if there is none, and moves the office from one process to another. Rules:
// docs/office.md.
// Threads: the station's only.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "mailslot/result.h"
#include "office/former_offices.h"
#include "office/handover.h"
#include "office/machines_office_watch.h"
#include "office/office_client.h"
#include "office/office_search.h"
#include "office/own_office.h"
#include "office/premises.h"
#include "office/reader_place.h"
#include "office/slot_desk.h"
#include "office/slot_errors.h"

namespace mailslot::office {

// Returns the error for a guest whose office is there and does not answer.
Error office_is_busy(const std::string& dir);

class Succession final : private OfficeClient::Fate {
public:
    // `kept`: sockets and books that the service manager kept for us.
    Succession(Premises& at, SlotDesk& desk, ReaderPlace& place, SlotErrors& errors,
               const OfficeRole& role, Estate kept);

    // Looks for an office once, or becomes the office. A reading process can do without: the search
    // goes on. A daemon must be the office, and a guest needs a daemon.
    // Errors: for a daemon or guest, why there is no office.
    Result<void> find();
    // Returns true if an office was there at the last search, but did not answer.
    bool is_busy() const { return client_.office().is_busy(); }

    // Tries once to register a slot. Without an office the slot works on this machine, and is
    // registered when there is an office; a guest's slot does not work without.
    // Errors: for a guest's slot, as OfficeClient::add.
    Result<void> add(const SlotDesk::Slot& slot);
    void remove(const SlotName& name);
    // Registers a slot, as far as there is an office now.
    void register_slot(const SlotDesk::Slot& slot);
    bool is_registered_elsewhere() const { return client_.is_connected(); }
    // Puts a guest's socket back. Returns false if that failed.
    bool obtain_socket() { return client_.is_connected() && client_.obtain_socket(); }

    // Follows a new office if a program said that there is one.
    void follow_new_office();
    // Keeps the office's place in the folder, and watches for the machine's office.
    void keep();
    // `is_ending`: the station ends, and takes up no office.
    void tick(bool is_ending);
    std::optional<Clock::Instant> next_tick() const;

    // Goes on with other settings. `look` sees the office's estate in between. Does nothing for a
    // process that is not the office.
    // Errors: as Office::open. After an error the search for an office begins.
    using Look = std::function<void(const Estate&)>;
    Result<void> reopen(const Settings& settings, const Look& look);
    OfficeStatus status() const { return own_.status(); }
    // `look` gets the estate that remains at end(): empty if somebody has taken over.
    void at_end(Look look) { at_end_ = std::move(look); }
    // `tell` is called when the office has gone to another process.
    void at_loss(std::function<void()> tell) { at_loss_ = std::move(tell); }
    // Offers the office to registered processes, because this process ends.
    void bequeath();
    // Leaves every office. Nothing happens afterwards.
    void end();

private:
    void office_left(bool answered) override;
    void seek();
    bool become();
    Result<void> claim();
    Result<void> open(Estate estate, Clock::Instant receive_by);
    void close_own() { client_.keep_numbers(own_.close()); }
    void register_slots();
    void change_to_machines_office();

    void take_up_offer();
    void hand_over();

    void replace();
    void step_down();

    Premises& at_;
    SlotDesk& desk_;
    ReaderPlace& place_;
    SlotErrors& errors_;
    Estate kept_;
    OwnOffice own_;        // if this process is the office
    OfficeClient client_;  // if it is registered with another process
    OfficeSearch search_;  // if it has no office
    FormerOffices former_;
    MachinesOfficeWatch watch_;
    std::optional<Error> no_office_{};  // for a daemon: why we are not the office
    Look at_end_{};
    std::function<void()> at_loss_{};
};

}  // namespace mailslot::office
