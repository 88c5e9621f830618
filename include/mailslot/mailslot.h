// Mailslots: named one-way messages to a process, a machine, a domain or every machine.
// Threads: the ends (Reader, Writer, Mailslot) may be used by several threads at once; a Message is
// a value. Fork: a child inherits no reader; a writer goes on in the child as a new sender.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"

namespace mailslot {

using Timeout = std::chrono::milliseconds;
inline constexpr Timeout kForever{-1};
inline constexpr Timeout kSlotDefault{-2};  // the read_timeout that the slot was created with

// How a message is to be read, as its writer says. text: UTF-8. value: a plain value, as value.h
// has it. unlabelled: the writer could not say, as in classic Windows messages.
enum class Format : std::uint8_t { bytes, text, value, unlabelled };
enum class Trust : std::uint8_t { none, domain, local };       // how sure we are of the sender
enum class Access : std::uint8_t { owner, group, everybody };  // who else on this machine may write
// What a full slot does with what comes: refuses it, or drops the oldest message that waits.
enum class WhenFull : std::uint8_t { refuse, drop_oldest };
// In which order a slot gets one writer's messages from the network. kept: as they were put; a
// message that overtook another waits for it, up to 20 ms. as_it_comes: each at once; lost_before
// may then count messages that still arrive.
enum class Order : std::uint8_t { kept, as_it_comes };

// Whether a signal has come that the caller wants to deal with: true ends the wait with
// Errc::interrupted, and the caller may go on with it for the rest of the time. Asked before each
// sleep of the calling thread and when a signal ends a sleep; where another thread took the signal,
// within 100 ms. It only answers: it must not call this library. Null: signals end no wait.
using Interrupted = bool (*)();

// A short text with a name that travels with a message: {"level", "30"}.   docs/protocol/labels.md
struct Label {
    std::string_view name, value;
};

// A message and its envelope.
class MAILSLOT_API Message {
public:
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text())); }
    std::string_view text() const {
        return std::string_view(data_).substr(has_labels() ? text_at_ : 0);
    }
    std::size_t size() const { return text().size(); }

    std::string_view slot() const;          // as its reader wrote it
    std::string_view from_host() const;     // the sender's own name for its machine
    std::string_view from_address() const;  // "10.0.0.7"; empty when it came from this machine
    std::uint64_t origin() const { return origin_; }      // the writer's random identity
    std::uint64_t sequence() const { return sequence_; }  // counts that writer's messages from 1
    std::chrono::system_clock::time_point sent_at() const {
        return sent_at_;
    }  // the sender's clock
    Format format() const { return format_; }
    Trust trust() const { return trust_; }
    std::uint64_t lost_before() const {
        return lost_before_;
    }                                   // of this writer, since its last message here
    std::vector<Label> labels() const;  // as the writer gave them
    std::string_view label(std::string_view name) const;  // empty: there is none

private:
    friend struct MessageAccess;
    bool has_labels() const {
        return text_at_ > 0 && text_at_ <= data_.size();
    }  // moved from: none
    std::string data_;
    std::shared_ptr<const struct MessageSource> source_;  // what many messages share
    std::uint64_t origin_ = 0, sequence_ = 0, lost_before_ = 0;
    std::uint32_t text_at_ = 0;  // behind the labels
    std::chrono::system_clock::time_point sent_at_{};
    Format format_ = Format::bytes;
    Trust trust_ = Trust::none;
};

struct SlotOptions {
    std::size_t max_message_bytes = 0;         // 0: as large as max_bytes allows
    std::size_t max_bytes = 64 * 1024 * 1024;  // waiting payload, in all
    std::size_t max_messages = 1'000'000;      // waiting messages, empty ones included
    WhenFull when_full = WhenFull::refuse;     // drop_oldest: see Losses::dropped_oldest
    Timeout read_timeout = kForever;
    Access access = Access::owner;
    std::optional<std::uint32_t> group{};  // group id, for Access::group
    // The least trust that it takes; local counts as more than domain. None: the setting `require`.
    std::optional<Trust> require{};
    Order order = Order::kept;
};

// Messages that did not reach the slot, or its reader, by cause, since the slot was created.
struct Losses {
    std::uint64_t slot_full = 0;  // refused; a local writer was told
    // They waited, and made room for newer ones; the next lost_before of their writer tells. For a
    // moment, until they are dropped, an eighth more than max_messages (at least 4096) may wait.
    std::uint64_t dropped_oldest = 0;
    std::uint64_t message_too_big = 0;     // as slot_full
    std::uint64_t network_gap = 0;         // sent, but never seen here
    std::uint64_t kernel_drop = 0;         // the same, while this machine's kernel lacked room
    std::uint64_t fragment_timed_out = 0;  // seen in part
    std::uint64_t not_trusted = 0, over_limit = 0;  // seen, and refused
    std::uint64_t bad_record = 0;  // dropped because shared memory was tampered with
    MAILSLOT_API std::uint64_t total() const;
};

struct SlotInfo {
    std::string name;
    std::int64_t reader_pid = 0;  // the reading process
    std::size_t max_message_bytes = 0, max_bytes = 0, max_messages = 0;
    WhenFull when_full{};
    Trust require{};
    Order order{};
    std::optional<std::size_t> next_message_bytes;  // nothing waits: no value
    std::uint64_t messages = 0, bytes = 0;          // waiting
    std::uint64_t received = 0;                     // put into the slot, read, waiting or dropped
    std::uint64_t received_bytes = 0;               // their payload
    std::uint64_t repeats = 0;                      // further copies of a message, dropped
    std::uint64_t senders = 0;                      // writers on other machines heard of late
    std::uint64_t senders_forgotten = 0;            // the longest silent, to make room for others
    Timeout read_timeout{};
    Losses lost;
};

// A writer on another machine, as this machine's post office knows it. Its losses are those of the
// slot that were its messages; of a sender forgotten they are in the slot's alone.
struct SenderInfo {
    std::uint64_t origin = 0;             // these three as in its messages
    std::string from_host, from_address;  // of the first word heard of it
    std::uint64_t received = 0, repeats = 0;
    Losses lost;
    std::uint64_t lost_untold = 0;        // of these, no message's lost_before has told yet
    std::uint64_t told_then_arrived = 0;  // a lost_before had told of them; they came after all
    std::chrono::system_clock::time_point last_heard{};
};

// The reading end. Destroying it removes the slot and the messages nobody read.
class MAILSLOT_API Reader {
public:
    // Creates `name`, which must be local: NAME or \\.\mailslot\NAME.            Win32:
    // CreateMailslot
    // For processes that were stopped this waits 0.5 s, in the worst case 4.5 s.
    // Errors: bad_name, name_too_long, slot_exists, no_permission, no_resources, bad_config,
    // timed_out.
    static Result<Reader> create(std::string_view name, const SlotOptions& options = {});
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();

    // Takes the oldest message, waiting `timeout` for one.                       Win32: ReadFile
    // Threads that wait are served in the order in which they came.
    // Errors: timed_out; closed, when another thread closes the reader meanwhile; interrupted.
    Result<Message> get(Timeout timeout = kSlotDefault);
    Result<void> get_into(Message& message, Timeout timeout = kSlotDefault,
                          Interrupted interrupted = nullptr);  // the same, reusing its memory

    SlotInfo info()
        const;  // one consistent picture; never waits                Win32: GetMailslotInfo
    std::uint64_t qsize() const;  // messages waiting, exactly
    bool empty() const;
    bool full() const;  // max_bytes or max_messages used up
    std::string_view name() const;
    void set_read_timeout(
        Timeout timeout);  // for later calls of get                    Win32: SetMailslotInfo

    // A descriptor that is readable exactly while a message waits; ours: poll it, do not read or
    // close it. Errors: no_resources, closed.
    Result<int> fileno();

    // Why this slot hears nothing from other machines, where that is so.
    std::optional<Error> network_error() const;

    void close();  // the name is free at once; waiting threads get Errc::closed. Again: no effect.

    class Iterator;
    Iterator begin();  // ends when the reader is closed or read_timeout passes
    std::default_sentinel_t end() const { return {}; }

private:
    struct Impl;
    explicit Reader(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

struct WriterOptions {
    // How long a put waits for room in this machine's send buffers, or in a slot here: 500 ms at
    // most in a put to others as well; 100 ms if the slot drops its oldest (its process stopped).
    Timeout wait_when_full{0};
    Timeout wait_for_address{100};  // how long the first put to a host waits for its address
    // How long a put waits for a process here that does not answer, since it was stopped: the
    // reading one where the slot must be found, another writer in mid-put.
    Timeout wait_for_others{1000};
    Interrupted interrupted = nullptr;  // for open(); a put has its own
};

// The messages that an interrupted put has sent to other machines and not yet to the slot here.
struct Unfinished {
    std::uint64_t origin = 0, first_sequence = 0, messages = 0;
};

struct PutOptions {
    Format format = Format::text;
    std::span<const Label> labels{};  // of each message; docs/protocol/labels.md has the limits
    std::optional<Timeout> wait_when_full{};  // none: the writer's own
    Interrupted interrupted = nullptr;
    // To go on with an interrupted put to this machine and others: give the messages that were not
    // taken, and the same object, to the next put. Null: the slot here counts them as refused.
    Unfinished* unfinished = nullptr;
};

// The writing end: to one slot here, on one host, in a domain, or everywhere.
class MAILSLOT_API Writer {
public:
    // NAME and \\.\mailslot\NAME: a slot of this machine. \\PLACE\mailslot\NAME, PLACE a host, an
    // IP address, a domain or *: fire and forget, reader or not.                      Win32:
    // CreateFile Errors: bad_name, name_too_long, bad_config, no_resources; local: no_such_slot,
    // no_permission, timed_out, interrupted.
    static Result<Writer> open(std::string_view address, const WriterOptions& options = {});
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    ~Writer();

    // Puts one whole message: all of it or nothing.                              Win32: WriteFile
    // Errors: message_too_big, closed, no_resources; a slot of this machine: no_such_slot (after
    // looking once for a new reader of that name), slot_full, timed_out, no_permission; elsewhere:
    // unreachable, if nothing left this machine. Labels that break the limits: bad_label. With
    // PutOptions::interrupted: interrupted; the message was not put, see PutOptions::unfinished.
    // Threads: a put that waits for room holds up nobody, and close() ends it with closed.
    Result<void> put(std::string_view text, const PutOptions& options = {});
    Result<void> put(std::span<const std::byte> bytes);

    // Puts many messages, in order, at a lower price each. How many were taken: all but where an
    // error stopped it, which the next put then returns.
    Result<std::size_t> put_many(std::span<const std::string_view> messages,
                                 const PutOptions& options = {});

    // What is put in quick succession to other machines may wait up to 1 ms for more, so that it
    // shares datagrams. close(), the destructor and the end of the process by exit() send it; this
    // does at once, for instance before _exit() or exec(); it waits for room as a put does. Errors:
    // closed; what the messages that waited met (else the next put tells); interrupted, if some of
    // them still wait.
    Result<void> flush(Interrupted interrupted = nullptr);

    std::string_view address() const;
    std::uint64_t origin() const;
    // For a slot of this machine. Errors: no_such_slot, wrong_direction, interrupted.
    Result<SlotInfo> info(Interrupted interrupted = nullptr) const;
    void close();

private:
    struct Impl;
    explicit Writer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

class Reader::Iterator {
public:
    using value_type = Message;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Reader& reader) : reader_(&reader) { ++*this; }
    const Message& operator*() const { return message_; }
    const Message* operator->() const { return &message_; }
    Iterator& operator++() {
        if (!reader_->get_into(message_)) reader_ = nullptr;
        return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return reader_ == nullptr; }

private:
    Reader* reader_;
    Message message_;
};
inline Reader::Iterator Reader::begin() { return Iterator(*this); }

// The slots of this machine that this user may see; and one of them by name, which may be another
// process's. Errors: no_permission, no_resources, bad_config, interrupted; info also bad_name,
// no_such_slot.
MAILSLOT_API Result<std::vector<SlotInfo>> list(Interrupted interrupted = nullptr);
MAILSLOT_API Result<SlotInfo> info(std::string_view name, Interrupted interrupted = nullptr);

// The writers on other machines that a slot of this machine has heard, in the order first heard;
// at most 65,536 in all slots. For the user whose slot it is. Errors: as info's, and timed_out;
// unreachable, when nobody is this machine's post office just now.
MAILSLOT_API Result<std::vector<SenderInfo>> senders(std::string_view name,
                                                     Interrupted interrupted = nullptr);

// An address as this library writes it: "x" is \\.\mailslot\x. Errors: bad_name, name_too_long.
MAILSLOT_API Result<std::string> canonical(std::string_view address);

// One type for both ends: the first put makes it a writer, the first get, qsize, empty, full or
// loop a reader. The other use then fails with wrong_direction. What winsys offers to Python
// programs.
class MAILSLOT_API Mailslot {
public:
    // Nothing is opened yet. Errors: bad_name, name_too_long.
    static Result<Mailslot> create(std::string_view address, std::size_t message_size = 0,
                                   Timeout timeout = kForever);
    Mailslot(Mailslot&&) noexcept;
    Mailslot& operator=(Mailslot&&) noexcept;
    ~Mailslot();

    Result<void> put(std::string_view text);  // Errors: as Writer's, and wrong_direction
    Result<void> put(std::span<const std::byte> bytes);
    Result<Message> get(
        bool block = true,
        Timeout timeout = kSlotDefault);  // Errors: as Reader's, and wrong_direction
    Result<Message> get_nowait();
    Result<std::uint64_t> qsize();
    Result<bool> empty();
    Result<bool> full();
    void close();

    class Iterator;
    Iterator begin();
    std::default_sentinel_t end() const { return {}; }

private:
    struct Impl;
    explicit Mailslot(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

class Mailslot::Iterator {
public:
    using value_type = Message;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Mailslot& slot) : slot_(&slot) { ++*this; }
    const Message& operator*() const { return message_; }
    const Message* operator->() const { return &message_; }
    Iterator& operator++() {
        if (auto next = slot_->get())
            message_ = std::move(*next);
        else
            slot_ = nullptr;
        return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return slot_ == nullptr; }

private:
    Mailslot* slot_;
    Message message_;
};
inline Mailslot::Iterator Mailslot::begin() { return Iterator(*this); }

}  // namespace mailslot
