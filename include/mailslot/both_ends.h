// A reader or writer, as its first use decides: what winsys offers to Python programs.
// Threads: several threads may use a Mailslot at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>

#include "mailslot/mailslot.h"

namespace mailslot {

// The first put makes it a writer; the first get, qsize, empty, full or loop makes it a reader. The
// other use then fails with wrong_direction.
class MAILSLOT_API Mailslot {
public:
    // Opens nothing yet.
    // Errors: bad_name, name_too_long.
    static Result<Mailslot> create(std::string_view address, std::size_t message_size = 0,
                                   Timeout timeout = kForever);
    Mailslot(Mailslot&&) noexcept;
    Mailslot& operator=(Mailslot&&) noexcept;
    ~Mailslot();

    // Errors: wrong_direction, and those of Writer::open() and Writer::put().
    Result<void> put(std::string_view text);
    Result<void> put(std::span<const std::byte> bytes);
    // Errors: wrong_direction, and those of Reader::create() and Reader::get().
    Result<Message> get(bool block = true, Timeout timeout = kSlotDefault);
    Result<Message> get_nowait();
    Result<std::uint64_t> qsize();
    Result<bool> empty();
    Result<bool> full();
    void close();

    using Iterator = detail::MessageIterator<Mailslot>;
    Iterator begin() { return Iterator(*this); }  // ends when get() fails
    std::default_sentinel_t end() const { return {}; }

private:
    struct Impl;
    explicit Mailslot(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;
};

}  // namespace mailslot
