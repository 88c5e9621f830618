// State of one writer in one process: origin, sequence number, and the ways its messages take.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/process.h"
#include "carrier/carrier_writer.h"
#include "local/local_writer.h"
#include "mailslot/mailslot.h"
#include "model/form.h"
#include "os/recent_clock.h"

namespace mailslot {

// How long a put waits for room.
struct Patience {
    Timeout timeout{0};
    Interrupted interrupted = nullptr;
};

// Reports a put's want of room, and the object to wait with while this state is unlocked.
struct WantOfRoom {
    std::shared_ptr<inbox::InboxWriter> end;
    std::size_t payload_bytes = 0;
    bool is_network = false;     // no room in this machine's send buffers; `end` is null
    Unfinished rest{};           // sent to other machines, still to be put into the slot here
    bool home_is_stuck = false;  // the caller's wait for the slot here timed out
    bool is_wanted() const { return end != nullptr || is_network; }
};

os::Deadline deadline_of(Timeout timeout);  // none if below 0
inline bool is_patient(const Patience& patience) { return patience.timeout.count() != 0; }

// Threads: one at a time.
class WriterState {
public:
    // Errors: bad_config.
    static Result<std::unique_ptr<WriterState>> create(const Address& address,
                                                       const WriterOptions& options);
    ~WriterState();  // tells readers elsewhere how many messages there were

    // Finds the slot of an address of this machine. Errors: as LocalWriter::attach.
    Result<void> find();
    // Sets the function that ends the waits of find() and put() for a stopped process.
    void set_interrupted(Interrupted interrupted) {
        if (local_) local_->set_interrupted(interrupted);
    }
    // Puts as many messages as there is room for. Returns how many went everywhere they were to go.
    // If there is no room for the next message and the caller has patience, `want` says what to
    // wait for, and the caller puts again afterwards. To a slot of this machine alone, the error is
    // slot_full if no message fit. To other addresses, want.rest names the messages that have been
    // sent to others already.
    // Errors: as Writer::put.
    Result<std::size_t> put(std::span<const std::string_view> messages, Form form,
                            const Patience& patience, WantOfRoom& want);
    // Puts a message into a slot here. Returns false if nothing was done or counted.
    bool put_now(std::string_view message, Form form) {
        inbox::Item item{inbox::RecordKind::local, form, origin_, next_sequence_, 0, {},
                         as_bytes(message)};
        if (!local_->put_now(item, [this] { return clock_.unix_microseconds(); })) return false;
        ++next_sequence_;
        return true;
    }
    // Adds a message to those held back. Returns false if nothing was done.
    bool hold(std::string_view message, Form form);
    std::uint64_t origin() const { return origin_; }

    // Returns when held messages to other machines must leave. None for a slot here.
    std::optional<Clock::Instant> due() const {
        return elsewhere_ ? elsewhere_->due() : std::nullopt;
    }
    // Errors: those of held messages. Returns no error if `want` says what to wait for.
    Result<void> flush(WantOfRoom& want);
    // Leaves errors to the next put or flush. Waits only at the end of the process, when there is
    // no later.
    void flush_quietly(bool is_the_end) {
        if (elsewhere_ && is_the_end) elsewhere_->finish();
        if (elsewhere_ && !is_the_end) elsewhere_->send_held();
    }
    void hold_nothing() {
        if (elsewhere_) elsewhere_->hold_nothing();
    }
    Flusher& flusher() { return process_.flusher(); }

private:
    using Refusal = inbox::InboxWriter::Refusal;

    WriterState(Process& process, const Address& address, const WriterOptions& options);

    Result<std::size_t> put_some(std::span<const std::string_view> messages, Form form,
                                 const Patience& patience, Refusal refusal, WantOfRoom& want,
                                 bool continues);
    Result<std::size_t> put_here(std::span<const inbox::Item> items, Refusal refusal,
                                 WantOfRoom& want);
    void follow_reach(std::int64_t now_us);
    void take_reach(Reach reach);
    WriterNeeds needs(const Address& address) const;
    void say_end();
    Result<bool> is_at_home(std::int64_t now_us);
    std::size_t put_at_home(std::span<const inbox::Item> items, const Patience& patience,
                            WantOfRoom& want);
    std::size_t put_rest(std::span<const std::string_view> messages, Form form,
                         const Patience& patience, WantOfRoom& want);
    Result<std::size_t> put_elsewhere(std::span<const std::string_view> messages, Form form,
                                      const Patience& patience, WantOfRoom& want, bool continues);
    std::optional<Error> take_late_error();
    bool has_way_to_neighbours();
    Result<std::size_t> put_to_others(const CarrierWriter::Batch& batch, WantOfRoom& want);
    std::span<const inbox::Item> items_of(std::span<const std::string_view> messages, Form form,
                                          std::int64_t now_us, std::uint64_t first_sequence);
    Error named(Error error) const;
    // Returns whether a put may wait in the caller. A slot that drops its oldest messages is never
    // waited for there: a refused message is counted at once.
    bool may_wait_for_room(const Patience& patience) const {
        return is_patient(patience) && !(local_ && local_->drops_oldest());
    }

    Process& process_;
    const Address address_;
    Address own_address_ = address_;  // with this machine's name
    const WriterOptions options_;
    const bool may_move_;  // the place may become this machine, or stop being it
    Reach reach_;
    std::uint64_t origin_;
    std::uint64_t next_sequence_ = 1;
    os::RecentClock clock_;
    NetworkId network_{};  // network namespace of the sockets

    std::unique_ptr<local::LocalWriter> local_;  // set if reach_.this_machine
    // For reach_.others, or for slots of this machine in folders of other users.
    std::unique_ptr<CarrierWriter> elsewhere_;
    bool is_at_home_ = false;          // a slot here gets the messages, too
    std::int64_t look_again_us_ = 0;   // next look for such a slot; not looked for earlier
    bool home_is_stuck_ = false;       // a wait for it timed out, and it has taken nothing since
    std::int64_t reach_again_us_ = 0;  // next look at names and addresses, which may move

    // The current put's items. Kept between puts, because allocating costs more than a put.
    std::vector<inbox::Item> items_;
};

}  // namespace mailslot
