// The library's Reader and Writer for Python: errors become exceptions, and waits leave the
// interpreter lock free. Call everything here with the interpreter lock held.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mailslot/mailslot.h"
#include "message.h"

namespace mailslot::python {

using Milliseconds = std::optional<double>;  // None: the slot's own; below 0: for ever

Timeout timeout_of(const Milliseconds& ms);  // raises ValueError

class PyReader {
public:
    PyReader(const std::string& name, const SlotOptions& options, bool marshalled);
    ~PyReader() { close(); }

    pybind11::object get(Timeout timeout);
    PyMessage get_message(Timeout timeout);

    SlotInfo info() const { return reader_->info(); }
    std::uint64_t qsize() const { return reader_->qsize(); }
    bool empty() const { return reader_->empty(); }
    bool full() const { return reader_->full(); }
    std::string name() const { return std::string(reader_->name()); }
    std::int64_t timeout_ms() const { return timeout_.load().count(); }
    void set_timeout_ms(double ms);
    int fileno();
    pybind11::object network_error() const;
    // Waits until no thread is inside get. Such threads may need the interpreter lock to leave.
    void close();

private:
    void take(Message& message, Timeout timeout);

    std::unique_ptr<Reader> reader_;
    const bool marshalled_;
    std::atomic<Timeout> timeout_;
};

class PyWriter {
public:
    PyWriter(const std::string& address, double wait_for_address_ms, double wait_for_others_ms,
             bool marshalled);
    ~PyWriter() { close(); }

    void put(const pybind11::object& value, double timeout_ms, const pybind11::object& labels,
             bool unknown_format);
    void put_data(std::string_view data, Format format, std::span<const Label> labels,
                  Timeout timeout);
    std::size_t put_many(const pybind11::iterable& values, double timeout_ms,
                         const pybind11::object& labels);

    SlotInfo info() const;
    void close();
    std::string address() const { return std::string(writer_->address()); }
    std::uint64_t origin() const;

private:
    Result<std::size_t> put_views(std::span<const std::string_view> messages, PutOptions& options,
                                  Timeout timeout);

    std::unique_ptr<Writer> writer_;
    const bool marshalled_;
};

}  // namespace mailslot::python
