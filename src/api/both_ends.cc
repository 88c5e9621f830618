#include "mailslot/both_ends.h"

#include <memory>
#include <mutex>

#include "model/address.h"
#include "os/fork_mutex.h"

namespace mailslot {

struct Mailslot::Impl {
    std::string address;
    std::size_t message_size = 0;
    Timeout timeout = kForever;

    // Guards the members below, not calls of the ends. Each member changes by a single store, so a
    // child of fork finds them whole, whatever its parent's threads were doing.
    os::ForkMutex mutex;
    std::unique_ptr<Reader> reader;
    std::unique_ptr<Writer> writer;
    bool closed = false;

    // as_reader and as_writer make their end at first need. The first end decides the direction.
    // Errors: closed, wrong_direction, those of Reader::create and Writer::open.
    Result<Reader*> as_reader() {
        std::lock_guard lock(mutex);
        if (closed) return Error{Errc::closed, "read"};
        if (writer)
            return Error{Errc::wrong_direction, "read", 0, "this end has been used to write"};
        if (!reader) {
            auto made = Reader::create(
                address, {.max_message_bytes = message_size, .read_timeout = timeout});
            if (!made) return made.error();
            reader = std::make_unique<Reader>(std::move(*made));
        }
        return reader.get();
    }
    Result<Writer*> as_writer() {
        std::lock_guard lock(mutex);
        if (closed) return Error{Errc::closed, "write"};
        if (reader)
            return Error{Errc::wrong_direction, "write", 0, "this end has been used to read"};
        if (!writer) {
            auto made = Writer::open(address);
            if (!made) return made.error();
            writer = std::make_unique<Writer>(std::move(*made));
        }
        return writer.get();
    }
    template <class Call>
    Result<void> put(std::size_t size, const Call& call) {
        if (message_size != 0 && size > message_size) {
            return Error{
                Errc::message_too_big, "put", 0,
                "this mailslot was made for at most " + std::to_string(message_size) + " bytes"};
        }
        auto end = as_writer();
        if (!end) return end.error();
        return call(**end);
    }
};

Mailslot::Mailslot(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mailslot::Mailslot(Mailslot&&) noexcept = default;
Mailslot& Mailslot::operator=(Mailslot&&) noexcept = default;
Mailslot::~Mailslot() = default;

Result<Mailslot> Mailslot::create(std::string_view address, std::size_t message_size,
                                  Timeout timeout) {
    if (const auto parsed = parse_address(address); !parsed) return parsed.error();
    auto impl = std::make_shared<Impl>();
    impl->address = address;
    impl->message_size = message_size;
    impl->timeout = timeout;
    return Mailslot(std::move(impl));
}

Result<void> Mailslot::put(std::string_view text) {
    return impl_->put(text.size(), [text](Writer& writer) { return writer.put(text); });
}

Result<void> Mailslot::put(std::span<const std::byte> bytes) {
    return impl_->put(bytes.size(), [bytes](Writer& writer) { return writer.put(bytes); });
}

Result<Message> Mailslot::get(bool block, Timeout timeout) {
    const auto end = impl_->as_reader();
    if (!end) return end.error();
    return (*end)->get(block ? timeout : Timeout::zero());
}

Result<Message> Mailslot::get_nowait() { return get(false); }

Result<std::uint64_t> Mailslot::qsize() {
    const auto end = impl_->as_reader();
    if (!end) return end.error();
    return (*end)->qsize();
}

Result<bool> Mailslot::empty() {
    const auto end = impl_->as_reader();
    if (!end) return end.error();
    return (*end)->empty();
}

Result<bool> Mailslot::full() {
    const auto end = impl_->as_reader();
    if (!end) return end.error();
    return (*end)->full();
}

void Mailslot::close() {
    if (!impl_) return;
    std::lock_guard lock(impl_->mutex);
    impl_->closed = true;
    if (impl_->reader) impl_->reader->close();
    if (impl_->writer) impl_->writer->close();
}

}  // namespace mailslot
