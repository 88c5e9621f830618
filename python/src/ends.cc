#include "ends.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "errors.h"
#include "values.h"
#include "waiting.h"

namespace py = pybind11;

namespace mailslot::python {
namespace {

// Labels from {"level": "30"}, with owners of their memory, because another thread may change the
// dict during the put.
struct Labels {
    std::vector<Label> all;
    std::vector<py::object> kept;
};

Labels labels_of(const py::handle& labels) {
    Labels result;
    if (labels.is_none()) return result;
    const auto text = [&result](const py::handle& object, const char* what) {
        result.kept.push_back(py::reinterpret_borrow<py::object>(object));
        Py_ssize_t size = 0;
        const char* const utf8 =
            PyUnicode_Check(object.ptr()) ? PyUnicode_AsUTF8AndSize(object.ptr(), &size) : nullptr;
        if (utf8 == nullptr) {
            PyErr_Clear();
            throw py::type_error(std::string("labels: ") + what + " must be a str of UTF-8");
        }
        return std::string_view(utf8, static_cast<std::size_t>(size));
    };
    if (!PyDict_Check(labels.ptr())) throw py::type_error("labels must be a dict of str to str");
    for (const auto& [name, value] : py::reinterpret_borrow<py::dict>(labels)) {
        const std::string_view first = text(name, "a name");
        result.all.push_back({first, text(value, "a value")});
    }
    return result;
}

// Raises slot_full (queue.Full in Python) if room did not come in time.
[[noreturn]] void raise_put(Error error) {
    if (error.reason == Reason::stayed_full) error.code = Errc::slot_full;
    raise(error);
}

// A message whose memory is used for all gets of a thread. While this message is in use, a nested
// get (a collected object's finalizer may call get) has a message of its own.
class KeptMessage {
public:
    KeptMessage() : kept_(of_this_thread()), is_ours_(!std::exchange(kept_.is_lent, true)) {
        if (!is_ours_) other_.emplace();
    }
    ~KeptMessage() {
        constexpr std::size_t kKept = 1 << 20;
        if (!is_ours_) return;
        if (kept_.message.size() > kKept) kept_.message = Message();
        kept_.is_lent = false;
    }
    KeptMessage(const KeptMessage&) = delete;
    KeptMessage& operator=(const KeptMessage&) = delete;

    Message& get() { return is_ours_ ? kept_.message : *other_; }

private:
    struct Kept {
        Message message;
        bool is_lent = false;
    };
    static Kept& of_this_thread() {
        thread_local Kept kept;
        return kept;
    }

    Kept& kept_;
    const bool is_ours_;
    std::optional<Message> other_;
};

}  // namespace

Timeout timeout_of(const Milliseconds& ms) {
    constexpr double kMost = 1e12;  // thirty years
    if (!ms) return kSlotDefault;
    if (std::isnan(*ms)) throw py::value_error("timeout_ms must be a number");
    if (*ms < 0) return kForever;
    return Timeout(static_cast<std::int64_t>(std::ceil(std::min(*ms, kMost))));
}

// --- Reader

PyReader::PyReader(const std::string& name, const SlotOptions& options, bool marshalled)
    : marshalled_(marshalled), timeout_(options.read_timeout) {
    auto made = unlocked([&] { return Reader::create(name, options); });
    if (!made) raise(made.error());
    reader_ = std::make_unique<Reader>(std::move(*made));
}

py::object PyReader::get(Timeout timeout) {
    KeptMessage kept;
    Message& message = kept.get();
    take(message, timeout);
    return to_python(message.text(), message.format(), marshalled_);
}

PyMessage PyReader::get_message(Timeout timeout) {
    Message message;
    take(message, timeout);
    return {std::move(message), marshalled_};
}

void PyReader::take(Message& message, Timeout timeout) {
    // Fast path: a message waits. To release and take the interpreter lock would cost more than
    // the get.
    Result<void> got = reader_->get_into(message, Timeout(0));
    if (timeout == kSlotDefault) timeout = timeout_;
    const bool waits = timeout != Timeout(0) && !got && got.error().code == Errc::timed_out;
    if (waits) {
        got = wait_with_signals(timeout, [&](Timeout left, Interrupted interrupted) {
            return reader_->get_into(message, left, interrupted);
        });
    }
    // A message that was taken is returned, even if a signal has come meanwhile.
    if (!got) raise(got.error());
}

void PyReader::set_timeout_ms(double ms) {
    timeout_ = timeout_of(ms);
    reader_->set_read_timeout(timeout_);
}

int PyReader::fileno() {
    const auto fd = reader_->fileno();
    if (!fd) raise(fd.error());
    return *fd;
}

py::object PyReader::network_error() const {
    const auto error = reader_->network_error();
    return error ? exception_of(*error) : py::none();
}

void PyReader::close() {
    unlocked([this] {
        reader_->close();
        return 0;
    });
}

// --- Writer

PyWriter::PyWriter(const std::string& address, double wait_for_address_ms,
                   double wait_for_others_ms, bool marshalled)
    : marshalled_(marshalled) {
    WriterOptions options{.wait_for_address = timeout_of(wait_for_address_ms)};
    auto opened = wait_with_signals(timeout_of(wait_for_others_ms),
                                    [&](Timeout left, Interrupted interrupted) {
                                        options.wait_for_others = left;
                                        options.interrupted = interrupted;
                                        return Writer::open(address, options);
                                    });
    if (!opened) raise(opened.error());
    writer_ = std::make_unique<Writer>(std::move(*opened));
}

void PyWriter::put(const py::object& value, double timeout_ms, const py::object& labels,
                   bool unknown_format) {
    const Outgoing message(value, marshalled_);
    put_data(message.data(), unknown_format ? Format::unknown : message.format(),
             labels_of(labels).all, timeout_of(timeout_ms));
}

void PyWriter::put_data(std::string_view data, Format format, std::span<const Label> labels,
                        Timeout timeout) {
    PutOptions options{.format = format, .labels = labels};
    const auto done = put_views({&data, 1}, options, timeout);
    if (!done) raise_put(done.error());
}

// Puts messages of the same format. Like Writer::put_many, but continues after handlers that do
// not raise.
Result<std::size_t> PyWriter::put_views(std::span<const std::string_view> messages,
                                        PutOptions& options, Timeout timeout) {
    Unfinished unfinished;
    std::size_t done = 0;
    options.unfinished = &unfinished;
    const auto put = [&](Timeout left, Interrupted interrupted) -> Result<std::size_t> {
        options.wait_when_full = left;
        options.interrupted = interrupted;
        const auto rest = messages.subspan(done);
        if (rest.size() == 1) {
            const auto one = writer_->put(rest.front(), options);
            if (!one) return one.error();
            return ++done;
        }
        (void)was_interrupted();
        const auto taken = writer_->put_many(rest, options);
        if (!taken) return taken;
        done += *taken;
        if (done < messages.size() && was_interrupted()) return Error{Errc::interrupted, "put"};
        return done;
    };
    Result<std::size_t> taken = done;
    try {
        taken = wait_with_signals(timeout, put);
    } catch (const py::error_already_set&) {
        // Other machines have these messages already: put them into the slot here without waiting,
        // or count them.
        options.wait_when_full = Timeout(0);
        options.interrupted = nullptr;
        const auto rest = messages.subspan(done, unfinished.messages);
        if (!rest.empty()) (void)unlocked([&] { return writer_->put_many(rest, options); });
        throw;
    }
    if (!taken && done > 0) return done;
    return taken;
}

std::size_t PyWriter::put_many(const py::iterable& values, double timeout_ms,
                               const py::object& labels) {
    std::vector<py::object> kept;
    std::vector<Outgoing> messages;
    const bool is_counted = PyList_Check(values.ptr()) || PyTuple_Check(values.ptr());
    const auto count = is_counted ? static_cast<std::size_t>(Py_SIZE(values.ptr())) : 0;
    kept.reserve(count);
    messages.reserve(count);
    for (const py::handle value : values) {
        kept.push_back(py::reinterpret_borrow<py::object>(value));
        messages.emplace_back(value, marshalled_);
    }
    const Labels named = labels_of(labels);
    const Timeout timeout = timeout_of(timeout_ms);
    const auto began = std::chrono::steady_clock::now();
    PutOptions options{.labels = named.all};
    std::vector<std::string_view> same;  // the next messages of the same format
    same.reserve(messages.size());
    std::size_t done = 0;
    while (done < messages.size()) {
        same.clear();
        options.format = messages[done].format();
        for (std::size_t i = done; i < messages.size() && messages[i].format() == options.format;
             ++i) {
            same.push_back(messages[i].data());
        }
        const auto taken = put_views(same, options, time_left(timeout, began));
        if (!taken && done == 0) raise_put(taken.error());
        if (!taken) break;
        done += *taken;
        if (*taken < same.size()) break;
    }
    return done;
}

SlotInfo PyWriter::info() const {
    auto info =
        ask_with_signals([&](Interrupted interrupted) { return writer_->info(interrupted); });
    if (!info) raise(info.error());
    return std::move(*info);
}

std::uint64_t PyWriter::origin() const {
    return unlocked([this] { return writer_->origin(); });
}

void PyWriter::close() {
    unlocked([this] {
        writer_->close();
        return 0;
    });
}

}  // namespace mailslot::python
