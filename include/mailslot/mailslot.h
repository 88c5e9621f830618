// Mailslots: named, one-way channels of whole messages. One process creates a slot and reads it.
// Any process writes to it by name: on this machine, on a host, in a domain, or on every machine.
//
//     auto listener = mailslot::Reader::create("LISTENER").value();
//     for (const mailslot::Message& message : listener) std::cout << message.text() << std::endl;
//
//     auto everybody = mailslot::Writer::open(R"(\\*\mailslot\LISTENER)").value();
//     everybody.put("HELLO").value();
//
// Errors:  functions that can fail return a Result<T>. Only value() on a failure throws.
// Threads: several threads may use a Reader or a Writer at once.
// Fork:    a child has no readers. Its writers continue as new senders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "mailslot/detail/message_iterator.h"
#include "mailslot/message.h"
#include "mailslot/result.h"
#include "mailslot/slot_info.h"
#include "mailslot/types.h"

namespace mailslot {

struct SlotOptions {
    std::size_t max_message_bytes = 0;         // 0: as many as max_bytes allows
    std::size_t max_bytes = 64 * 1024 * 1024;  // waiting payload, in all
    std::size_t max_messages = 1'000'000;      // waiting messages, also empty messages
    WhenFull when_full = WhenFull::refuse;
    Timeout read_timeout = kForever;
    Access access = Access::owner;
    std::optional<std::uint32_t> group{};  // for Access::group; nullopt: this process's group
    std::optional<Trust> require{};        // least trust; nullopt: the setting `require`
    Order order = Order::kept;
};

// The reading end. Destroying it removes the slot and the messages that nobody read.
class MAILSLOT_API Reader {
public:
    // Creates the slot NAME or \\.\mailslot\NAME. Stopped processes may delay this by up to 4.5 s.
    // Errors: bad_name, name_too_long, slot_exists, no_permission, no_resources, bad_config,
    //         timed_out.
    // Win32:  CreateMailslot
    static Result<Reader> create(std::string_view name, const SlotOptions& options = {});
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    ~Reader();

    // Takes the oldest message; waits up to `timeout` for one. Serves waiting threads in order.
    // Errors: timed_out; closed, if another thread closes the reader meanwhile.
    // Win32:  ReadFile
    Result<Message> get(Timeout timeout = kSlotDefault);
    // Reuses the memory of `message`.
    // Errors: as get(), and interrupted.
    Result<void> get_into(Message& message, Timeout timeout = kSlotDefault,
                          Interrupted interrupted = nullptr);

    // The state of the slot at this moment. These never wait.
    std::uint64_t qsize() const;  // messages that wait, exactly
    bool empty() const;
    bool full() const;  // max_bytes or max_messages is used up
    // Win32: GetMailslotInfo
    SlotInfo info() const;  // one consistent picture
    std::string_view name() const;
    // Win32: SetMailslotInfo
    void set_read_timeout(Timeout timeout);  // for later calls of get()

    // Polls readable exactly while a message waits. Do not read or close the descriptor.
    // Errors: no_resources, closed.
    Result<int> fileno();

    // Returns why messages from other machines cannot reach this slot; nullopt if they can.
    std::optional<Error> network_error() const;

    // Frees the name at once; waiting threads get `closed`. A second call does nothing.
    void close();

    using Iterator = detail::MessageIterator<Reader>;
    Iterator begin() { return Iterator(*this); }  // ends when closed, or after read_timeout
    std::default_sentinel_t end() const { return {}; }

private:
    struct Impl;
    explicit Reader(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

struct WriterOptions {
    // For room in the send buffers or in a slot here. At most 500 ms in a put to others as well;
    // at most 100 ms if the slot drops its oldest (its process is stopped).
    Timeout wait_when_full{0};
    Timeout wait_for_address{100};  // for the address of a host, at the first put
    // For a stopped process: the reader while the slot is looked up, or a writer in mid-put.
    Timeout wait_for_others{1000};
    Interrupted interrupted = nullptr;  // for open(); each put has its own
};

struct PutOptions {
    Format format = Format::text;
    std::span<const Label> labels{};          // of each message; limits: docs/protocol/labels.md
    std::optional<Timeout> wait_when_full{};  // nullopt: the writer's
    Interrupted interrupted = nullptr;
    Unfinished* unfinished = nullptr;  // null: the slot here counts an interrupted put as refused
};

// The writing end.
class MAILSLOT_API Writer {
public:
    // Opens NAME or \\.\mailslot\NAME, a slot of this machine, which must exist; or
    // \\PLACE\mailslot\NAME for a host, an IP address, a domain or *: with or without a reader.
    // Errors: bad_name, name_too_long, bad_config, no_resources;
    //         this machine: no_such_slot, no_permission, timed_out, interrupted.
    // Win32:  CreateFile
    static Result<Writer> open(std::string_view address, const WriterOptions& options = {});
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    ~Writer();

    // Puts a message: all of it or nothing. If the slot is gone, looks once for a new reader.
    // Errors: closed, message_too_big, bad_label, no_resources, interrupted;
    //         this machine:   no_such_slot, slot_full, timed_out, no_permission;
    //         other machines: unreachable, if nothing left this machine.
    // Threads: a put that waits for room delays no other; close() ends it with `closed`.
    // Win32:  WriteFile
    Result<void> put(std::string_view text, const PutOptions& options = {});
    Result<void> put(std::span<const std::byte> bytes);

    // Puts messages in order, each at a lower cost. Returns how many were put. If not all, the next
    // put returns the error that stopped this one.
    Result<std::size_t> put_many(std::span<const std::string_view> messages,
                                 const PutOptions& options = {});

    // Sends held messages now; waits for room as a put does. Messages to other machines in quick
    // succession are held for up to 1 ms, to share datagrams. close(), the destructor and exit()
    // send them too; _exit() and exec() do not.
    // Errors: closed; those of the held messages; interrupted, if some are still held.
    Result<void> flush(Interrupted interrupted = nullptr);

    std::string_view address() const;
    std::uint64_t origin() const;
    // Errors: no_such_slot, interrupted; wrong_direction, if the slot is not of this machine.
    Result<SlotInfo> info(Interrupted interrupted = nullptr) const;
    void close();

private:
    struct Impl;
    explicit Writer(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

// Returns `address` as this library writes it: \\.\mailslot\x for "x".
// Errors: bad_name, name_too_long.
MAILSLOT_API Result<std::string> canonical(std::string_view address);

}  // namespace mailslot
