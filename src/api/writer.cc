#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "api/flusher.h"
#include "api/process.h"
#include "api/writer_state.h"
#include "inbox/local_writer.h"
#include "mailslot/mailslot.h"
#include "os/biased_mutex.h"
#include "wire/labels.h"

namespace mailslot {

namespace {

// A parent's state, in the child: never destroyed, and kept where whoever looks for leaks finds it.
void leave_alone(std::unique_ptr<WriterState> state) {
    if (!state) return;
    static os::ForkMutex& mutex = *new os::ForkMutex;
    static auto& kept = *new std::vector<WriterState*>;
    const std::lock_guard lock(mutex);
    kept.push_back(state.release());
}

// How long messages to others wait for a slot here that takes nothing: longer than a busy reader
// pauses, and short for a person. After that the slot here is waited for no more, until it has
// taken a message.
constexpr Timeout kHomePatience{500};

Timeout home_patience(Timeout patience) {
    return patience.count() < 0 ? kHomePatience : std::min(patience, kHomePatience);
}

// Waits a moment: then a put tries again. Errors: interrupted, no_resources.
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

// What lasts over a fork: what the user asked for. The rest is WriterState, made anew in a child.
struct Writer::Impl final : Holder, std::enable_shared_from_this<Impl> {
    Impl(Address to, const WriterOptions& wanted)
        : address(std::move(to)), address_text(to_string(address)), options(wanted) {}

    // The state of this process. Call with the mutex held. Errors: closed, bad_config.
    Result<WriterState*> current() {
        if (closed) return Error{Errc::closed, "put"};
        if (state && generation == os::fork_generation()) return state.get();
        // A parent's thread may have been in the middle of it: it is left alone, for good. What it
        // holds back is the parent's to send.
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

    // The usual case: one message to a slot here, or in a stream elsewhere. False: nothing was
    // done.
    bool put_at_once(std::string_view message, Form form) {
        std::lock_guard lock(mutex);
        if (closed || !state || generation != os::fork_generation()) return false;
        return address.place == Place::here ? state->put_now(message, form)
                                            : state->hold(message, form);
    }

    // Waits for room without the mutex: other threads put meanwhile, if only to hear `slot_full`,
    // or close.
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
            // What else stopped it, the next put says.
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
                // Fire and forget: what finds no room here is counted, and the others go on.
                want.home_is_stuck = has_rest;
                if (has_rest) continue;
                want.end->count_refusal(Errc::slot_full);
            }
            if (done > 0) return done;
            return waited.error();
        }
    }

    // Errors: timed_out, no_such_slot, interrupted, closed; no_resources, for the send buffers.
    Result<void> wait_for_room(const WantOfRoom& want, os::Deadline deadline,
                               Interrupted interrupted) {
        if (want.is_network) return wait_for_send_buffers(deadline, interrupted);
        // There was no room to wait for: a signal ended the wait for a process that was stopped.
        if (!want.end) return Error{Errc::interrupted, "put"};
        return want.end->wait_for_room(want.payload_bytes, deadline, interrupted, &closed);
    }

    // Keeps the rest of a put that a signal ended for its next call, or counts the rest in the
    // slot.
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
        want.home_is_stuck = false;  // it knows
        origin.store((*now)->origin());
        tell_due(**now);
        return taken;
    }

    // Lets the flusher know what is held back since this put; where it cannot see to it, nothing
    // is.
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
        // What waits for a name may be due later than what was held.
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
    // The state's, to be read without the mutex: a put may keep that for as long as
    // wait_for_others.
    std::atomic<std::uint64_t> origin{0}, origin_is_of{0};
    std::atomic<bool> closed{false};  // set with the mutex held
    os::BiasedMutex mutex;            // guards what follows
    std::uint64_t generation = 0;
    std::unique_ptr<WriterState> state;
    std::optional<Clock::Instant> due;  // as the flusher was told
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

}  // namespace mailslot
