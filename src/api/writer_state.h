// One writer in one process: its origin and sequence, and the ways its messages take.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "api/classic_writer.h"
#include "api/process.h"
#include "api/remote_writer.h"
#include "inbox/local_writer.h"
#include "mailslot/mailslot.h"
#include "model/form.h"
#include "os/recent_clock.h"

namespace mailslot {

// How long a put waits for room.
struct Patience {
    Timeout timeout{0};
    Interrupted interrupted = nullptr;
};

// What a put could not place for want of room, and who can wait for it without this state's lock.
struct WantOfRoom {
    std::shared_ptr<inbox::InboxWriter> end;
    std::size_t payload_bytes = 0;
    bool is_network = false;  // there is none in this machine's send buffers; `end` is null
    Unfinished rest{};        // these have gone to other machines, and go only into the slot here
    bool home_is_stuck = false;  // the caller has waited for the slot here in vain
    bool is_wanted() const { return end != nullptr || is_network; }
};

os::Deadline deadline_of(Timeout timeout);  // below 0: none
inline bool is_patient(const Patience& patience) { return patience.timeout.count() != 0; }

// Threads: one at a time.
class WriterState {
public:
    // Errors: bad_config.
    static Result<std::unique_ptr<WriterState>> create(const Address& address,
                                                       const WriterOptions& options);
    ~WriterState();  // tells readers elsewhere how many messages there were

    // For a slot of this machine, whether there is one. Errors: as LocalWriter::attach's.
    Result<void> find();
    // Ends the waits of find(), and of a put, for a process that was stopped.
    void set_interrupted(Interrupted interrupted) {
        if (local_) local_->set_interrupted(interrupted);
    }
    // Puts what there is room for; how many are wherever they were to go. Where there is no room
    // for the next one, and the caller has patience, it waits with `want` and comes again: in a
    // slot of this machine alone the first one then has slot_full; on the way elsewhere want.rest
    // says which of the others have been sent. Errors: as Writer::put's.
    Result<std::size_t> put(std::span<const std::string_view> messages, Form form,
                            const Patience& patience, WantOfRoom& want);
    // The same of one message to a slot here; false: nothing was done, nor counted.
    bool put_now(std::string_view message, Form form) {
        inbox::Item item{inbox::RecordKind::local, form, origin_, next_sequence_, 0, {},
                         as_bytes(message)};
        if (!local_->put_now(item, [this] { return clock_.unix_microseconds(); })) return false;
        ++next_sequence_;
        return true;
    }
    // The same of one message, where it is held back with others; false: nothing was done.
    bool hold(std::string_view message, Form form);
    std::uint64_t origin() const { return origin_; }

    // What messages to other machines are held back until, as RemoteWriter and ClassicWriter have
    // it; nothing for a slot here.
    std::optional<Clock::Instant> due() const {
        if (!classic_ || !classic_->due()) return remote_ ? remote_->due() : std::nullopt;
        if (!remote_ || !remote_->due()) return classic_->due();
        return std::min(*remote_->due(), *classic_->due());
    }
    // Errors: those that held messages met; none where `want` says what to wait for.
    Result<void> flush(WantOfRoom& want);
    // The next put, or flush, tells. For names that are being asked for it waits only at the end of
    // the process, when nothing may be left for later.
    void flush_quietly(bool is_the_end) {
        if (remote_ && is_the_end) remote_->finish();
        if (remote_ && !is_the_end) remote_->flush();
        if (!classic_ || !classic_->due()) return;
        if (is_the_end)
            classic_->finish();
        else
            classic_->look_who_waits();
    }
    void hold_nothing() {
        if (remote_) remote_->hold_nothing();
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
    void open_ways();
    void say_end();
    Result<bool> is_at_home(std::int64_t now_us);
    std::uint64_t machine_number() const;
    std::size_t put_at_home(std::span<const inbox::Item> items, const Patience& patience,
                            WantOfRoom& want);
    std::size_t put_rest(std::span<const std::string_view> messages, Form form,
                         const Patience& patience, WantOfRoom& want);
    Result<std::size_t> put_elsewhere(std::span<const std::string_view> messages, Form form,
                                      const Patience& patience, WantOfRoom& want, bool continues);
    std::optional<Error> take_late_error();
    Result<std::size_t> how_many_fit(std::span<const std::string_view> messages, Form form);
    bool has_way_to_neighbours();
    Result<std::size_t> put_to_others(RemoteWriter::Batch batch, WantOfRoom& want);
    std::span<const inbox::Item> items_of(std::span<const std::string_view> messages, Form form,
                                          std::int64_t now_us, std::uint64_t first_sequence);
    Error named(Error error) const;
    // A slot that drops its oldest is not waited for, however patient the caller: what it refuses
    // is counted at once.
    bool may_wait_for_room(const Patience& patience) const {
        return is_patient(patience) && !(local_ && local_->drops_oldest());
    }

    Process& process_;
    const Address address_;
    Address own_address_ = address_;  // by this machine's name
    const WriterOptions options_;
    const bool may_move_;  // what its place means here
    Reach reach_;
    std::uint64_t origin_;
    std::uint64_t next_sequence_ = 1;
    os::RecentClock clock_;
    NetworkId network_{};  // where its datagrams leave

    std::unique_ptr<inbox::LocalWriter> local_;  // reach_.this_machine
    // By our own carrier: reach_.others, or to this machine's slots that are in no folder of ours.
    std::unique_ptr<RemoteWriter> remote_;
    std::unique_ptr<ClassicWriter> classic_;  // the same by the classic Windows wire
    bool is_at_home_ = false;                 // there is a slot here as well
    std::int64_t look_again_us_ = 0;          // for one; before that there is none
    bool home_is_stuck_ = false;              // it was waited for in vain, and took nothing since
    std::int64_t reach_again_us_ = 0;         // names and addresses may move

    // Of the current put; kept, for making them anew costs more than a put.
    std::vector<inbox::Item> items_;
};

}  // namespace mailslot
