// Writer: put() and flush(), for any number of threads. The state of one process is WriterState.
//
// A put to a slot of this machine:
//   1. Writer::put calls Impl::put_at_once, which takes the writer's mutex.      writer.cc
//   2. WriterState::put_now makes an Item with origin and sequence number.       writer_state.h
//   3. InboxWriter::put_now copies the message into the slot's shared memory,
//      commits it and wakes a sleeping reader. It returns false if the reader is
//      gone, the slot is locked or full, or a new block is needed.               inbox/put_now.h
//   4. If step 3 returned false, Impl::put begins again with any number of
//      messages: put_once, WriterState::put, put_some, put_here. Labelled
//      messages and put_many() begin here.                                       writer_state.cc
//   5. LocalWriter::put attaches to the slot's memory if necessary, and calls
//      InboxWriter::put.                        local/local_writer.cc, inbox/inbox_writer.cc
//   6. If the slot is full and the caller waits, Impl::wait_for_room sleeps
//      without the mutex. Then step 4 puts the remaining messages.               writer.cc
//
// A put to other machines:
//   1. Impl::put_at_once calls WriterState::hold, which calls CarrierWriter::hold.
//      If the writer is inside a burst, the message joins the open piece.      udp/udp_writer.h
//   2. Otherwise Impl::put leads to WriterState::put_elsewhere, which looks up the
//      slot of the same name here (is_at_home) and asks the carrier's writer how
//      many messages fit.                                                        writer_state.cc
//   3. WriterState::put_to_others calls CarrierWriter::put. UdpWriter sends a lone
//      message at once and holds the messages of a burst. With several carriers,
//      WriterGroup calls the writer of each.             udp/udp_writer.cc, carrier/writer_group.cc
//   4. UdpSender::send_packed sends the frames as datagrams on every way (interface
//      or peer).                                                                 carrier/udp/
//   5. WriterState::put_at_home puts the same messages into the slot here, if
//      the address includes this machine.                                        writer_state.cc
//   6. If there is no room in the send buffers, a caller that waits does so as in
//      step 6 above. A full slot here is waited for at most kHomePatience.       writer.cc
//   7. Impl::tell_due reports held messages to the Flusher, which sends them
//      after kHoldTime unless a further put does.           writer.cc, carrier/flusher.cc

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "api/process.h"
#include "api/writer_state.h"
#include "carrier/flusher.h"
#include "local/local_writer.h"
#include "mailslot/mailslot.h"
#include "os/biased_mutex.h"
#include "wire/labels.h"

namespace mailslot {

namespace {

// Keeps a parent's state in the child, never destroyed and reachable, so that leak checkers do not
// report it.
void leave_alone(std::unique_ptr<WriterState> state) {
    if (!state) return;
    static os::ForkMutex& mutex = *new os::ForkMutex;
    static auto& kept = *new std::vector<WriterState*>;
    const std::lock_guard lock(mutex);
    kept.push_back(state.release());
}

// Limit of the wait for a full slot here, when messages also go to others. Longer than a busy
// reader pauses, and short for a person. After such a wait the slot is not waited for again until
// it has taken a message.
constexpr Timeout kHomePatience{500};

Timeout home_patience(Timeout patience) {
    return patience.count() < 0 ? kHomePatience : std::min(patience, kHomePatience);
}

// Sleeps until the next try of a put. Errors: interrupted, no_resources.
Result<void> wait_for_send_buffers(os::Deadline deadline, Interrupted interrupted) {
    const auto now = std::chrono::steady_clock::now();
    if (interrupted != nullptr && interrupted()) return Error{Errc::interrupted, "send"};
    if (deadline && now >= *deadline) {
        return Error{Errc::no_resources, "send", 0, "the network is slower than the writer"};
    }
    const auto until = now + kRoomRetry;
    std::this_thread::sleep_until(deadline ? std::min(until, *deadline) : until);
    return {};
}

}  // namespace

// Survives a fork: the user's options. WriterState, the rest, is made anew in a child.
struct Writer::Impl final : Holder, std::enable_shared_from_this<Impl> {
    Impl(Address to, const WriterOptions& wanted)
        : address(std::move(to)), address_text(to_string(address)), options(wanted) {}

    // Returns the state of this process. Call with the mutex held. Errors: closed, bad_config.
    Result<WriterState*> current() {
        if (closed) return Error{Errc::closed, "put"};
        if (state && generation == os::fork_generation()) return state.get();
        // Never touch a parent's state again: a parent's thread may have been changing it. Messages
        // held in the state are the parent's to send.
        leave_alone(std::move(state));
        start_anew();
        due = {};
        auto made = WriterState::create(address, options);
        if (!made) return made.error();
        state = std::move(*made);
        generation = os::fork_generation();
        origin.store(state->origin());
        origin_is_of.store(generation);
        return state.get();
    }

    // Fast path: a message to a slot here, or in a stream elsewhere. Returns false if nothing
    // was done.
    bool put_at_once(std::string_view message, Form form) {
        std::lock_guard lock(mutex);
        if (closed || !state || generation != os::fork_generation()) return false;
        return address.place == Place::here ? state->put_now(message, form)
                                            : state->hold(message, form);
    }

    // Waits for room without the mutex. Meanwhile other threads can put (and perhaps get
    // `slot_full`) or close.
    Result<std::size_t> put(std::span<const std::string_view> messages, Form form,
                            const PutOptions& wanted) {
        const Patience patience{wanted.wait_when_full.value_or(options.wait_when_full),
                                wanted.interrupted};
        os::Deadline deadline, home_deadline;
        WantOfRoom want;
        if (wanted.unfinished != nullptr) want.rest = std::exchange(*wanted.unfinished, {});
        std::size_t done = 0;
        for (;;) {
            want.end.reset();
            want.is_network = false;
            auto taken = put_once(messages.subspan(done), form, patience, want);
            if (taken) done += *taken;
            if (taken && *taken > 0) home_deadline.reset();
            if (done == messages.size()) return done;
            const bool has_rest = taken && want.rest.messages > 0;
            // Other errors are reported by the next put.
            const bool may_wait = has_rest || (want.is_wanted() && is_patient(patience));
            if (!may_wait && done > 0) return done;
            if (!may_wait) return taken;
            if (!deadline) deadline = deadline_of(patience.timeout);
            if (has_rest && !home_deadline) {
                home_deadline = deadline_of(home_patience(patience.timeout));
            }
            const auto waited =
                wait_for_room(want, has_rest ? home_deadline : deadline, patience.interrupted);
            if (waited || waited.error().code == Errc::no_such_slot) continue;
            if (waited.error().code == Errc::interrupted && has_rest) {
                leave_rest(messages.subspan(done), form, wanted, want);
            }
            if (waited.error().code == Errc::timed_out) {
                // Fire and forget: messages without room here are counted, and the others go on.
                want.home_is_stuck = has_rest;
                if (has_rest) continue;
                want.end->count_refusal(Errc::slot_full);
            }
            if (done > 0) return done;
            return waited.error();
        }
    }

    // Errors: timed_out, no_such_slot, interrupted, closed; no_resources for the send buffers.
    Result<void> wait_for_room(const WantOfRoom& want, os::Deadline deadline,
                               Interrupted interrupted) {
        if (want.is_network) return wait_for_send_buffers(deadline, interrupted);
        // Only a signal leads here without an end: the put was waiting for a stopped process.
        if (!want.end) return Error{Errc::interrupted, "put"};
        return want.end->wait_for_room(want.payload_bytes, deadline, interrupted, &closed);
    }

    // Keeps the rest of an interrupted put for its next call, or counts the rest in the slot.
    void leave_rest(std::span<const std::string_view> messages, Form form, const PutOptions& wanted,
                    WantOfRoom& want) {
        if (wanted.unfinished != nullptr) {
            *wanted.unfinished = want.rest;
        } else {
            (void)put_once(messages.first(want.rest.messages), form, {}, want);
        }
    }

    Result<std::size_t> put_once(std::span<const std::string_view> messages, Form form,
                                 const Patience& patience, WantOfRoom& want) {
        std::lock_guard lock(mutex);
        const auto now = current();
        if (!now) return now.error();
        auto taken = (*now)->put(messages, form, patience, want);
        want.home_is_stuck = false;  // the state has stored the flag
        origin.store((*now)->origin());
        tell_due(**now);
        return taken;
    }

    // Tells the flusher when held messages are due. If the flusher cannot watch them, sends them
    // and holds nothing more.
    void tell_due(WriterState& now) {
        if (now.due() == due) return;
        due = now.due();
        set_due(due);
        if (!due || now.flusher().watch(shared_from_this())) return;
        now.hold_nothing();
        now.flush_quietly(false);
        forget_due();
    }

    void forget_due() {
        due = {};
        set_due(due);
    }

    bool try_flush(Clock::Instant by) override {
        const std::unique_lock lock(mutex, std::try_to_lock);
        if (!lock) return false;
        if (!state || generation != os::fork_generation() || !due || *due > by) return true;
        state->flush_quietly(by == Clock::Instant::max());
        // Messages that wait for a name may be due later than the held ones.
        forget_due();
        tell_due(*state);
        return true;
    }

    Result<void> flush(Interrupted interrupted) {
        std::optional<os::Deadline> deadline;
        for (;;) {
            WantOfRoom want;
            auto flushed = flush_once(want);
            if (!flushed || !want.is_wanted()) return flushed;
            if (!deadline) deadline = deadline_of(options.wait_when_full);
            if (auto waited = wait_for_room(want, *deadline, interrupted); !waited) {
                return waited;
            }
        }
    }

    Result<void> flush_once(WantOfRoom& want) {
        std::lock_guard lock(mutex);
        const auto now = current();
        if (!now) return now.error();
        auto flushed = (*now)->flush(want);
        tell_due(**now);
        return flushed;
    }

    const Address address;
    const std::string address_text;
    const WriterOptions options;
    // Copies of the state's values, readable without the mutex, which a put may hold for as long
    // as wait_for_others.
    std::atomic<std::uint64_t> origin{0}, origin_is_of{0};
    std::atomic<bool> closed{false};  // set with the mutex held
    os::BiasedMutex mutex;            // guards the members below
    std::uint64_t generation = 0;
    std::unique_ptr<WriterState> state;
    std::optional<Clock::Instant> due;  // as last reported to the flusher
};

Writer::Writer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&& other) noexcept {
    if (this != &other) {
        close();
        impl_ = std::move(other.impl_);
    }
    return *this;
}
Writer::~Writer() { close(); }

Result<Writer> Writer::open(std::string_view address, const WriterOptions& options) {
    auto parsed = parse_address(address);
    if (!parsed) return parsed.error();
    auto impl = std::make_shared<Impl>(std::move(*parsed), options);
    const auto state = impl->current();
    if (!state) return state.error();
    (*state)->set_interrupted(options.interrupted);
    if (auto found = (*state)->find(); !found) return found.error();
    return Writer(std::move(impl));
}

Result<void> Writer::put(std::string_view text, const PutOptions& options) {
    if (impl_ && options.labels.empty() && impl_->put_at_once(text, options.format)) [[likely]]
        return {};
    auto taken = put_many({&text, 1}, options);
    if (!taken) return taken.error();
    return {};
}

Result<void> Writer::put(std::span<const std::byte> bytes) {
    return put(as_text(bytes), {.format = Format::bytes});
}

Result<std::size_t> Writer::put_many(std::span<const std::string_view> messages,
                                     const PutOptions& options) {
    if (!impl_) return Error{Errc::closed, "put"};
    if (options.labels.empty()) return impl_->put(messages, options.format, options);
    std::string block;
    if (auto made = wire::append_labels(block, options.labels); !made) return made.error();
    std::vector<std::string> texts;
    texts.reserve(messages.size());
    for (const std::string_view message : messages) {
        texts.emplace_back(block).append(message);
    }
    const std::vector<std::string_view> labelled(texts.begin(), texts.end());
    return impl_->put(labelled, {options.format, true}, options);
}

Result<void> Writer::flush(Interrupted interrupted) {
    if (!impl_) return Error{Errc::closed, "flush"};
    return impl_->flush(interrupted);
}

std::string_view Writer::address() const {
    return impl_ ? impl_->address_text : std::string_view();
}

std::uint64_t Writer::origin() const {
    if (!impl_ || impl_->closed) return 0;
    if (impl_->origin_is_of == os::fork_generation()) return impl_->origin;
    std::lock_guard lock(impl_->mutex);
    const auto state = impl_->current();
    return state ? (*state)->origin() : 0;
}

Result<SlotInfo> Writer::info(Interrupted interrupted) const {
    if (!impl_) return Error{Errc::closed, "info"};
    if (impl_->address.place != Place::here) return Error{Errc::wrong_direction, "info"};
    return mailslot::info(impl_->address_text, interrupted);
}

void Writer::close() {
    if (!impl_) return;
    std::lock_guard lock(impl_->mutex);
    impl_->closed = true;
    if (impl_->generation == os::fork_generation()) {
        impl_->state.reset();
        impl_->forget_due();
    } else {
        leave_alone(std::move(impl_->state));
    }
}

Result<std::string> canonical(std::string_view address) {
    const auto parsed = parse_address(address);
    if (!parsed) return parsed.error();
    return to_string(*parsed);
}

}  // namespace mailslot
