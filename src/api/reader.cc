// The reading end.
//
// A get:
//   1. Reader::get_into calls Impl::get_at_once.                                 reader.cc
//   2. Inbox::get_now takes the inbox's mutex, copies the waiting message out of
//      shared memory and gives its place back to writers.                        inbox/get_now.h
//      After a long run it lets some messages come (Inbox::let_some_come).       inbox/inbox.cc
//   3. MessageMaker::make fills the Message: sender, time, labels, losses.       message.h, .cc
//   4. If step 2 returned false (nothing waits, or the record needs more work),
//      Impl::get calls Inbox::get_nowait for timeout 0, Inbox::get_within
//      otherwise.                                                                inbox/inbox.cc
//   5. WaitingLine::wait spins for a moment, then sleeps in the kernel until a
//      writer rings, the time is over or a signal comes.                  inbox/waiting_line.cc
//   6. MessageMaker::make fills the Message as in step 3, with the lock `making`
//      in place of the inbox's mutex.
//
// Reader::create makes the Inbox, starts the station of this process (Process::station) and opens
// the slot there (Station::open_slot), which writes the slot's file for writers to find.

#include <thread>

#include "api/message.h"
#include "api/process.h"
#include "inbox/get_now.h"
#include "inbox/inbox.h"
#include "mailslot/mailslot.h"
#include "os/biased_mutex.h"

namespace mailslot {

struct Reader::Impl {
    Impl(std::shared_ptr<inbox::Inbox> made, const std::string& own_host)
        : inbox(std::move(made)),
          maker_at_once(inbox->name().text, own_host),
          maker(inbox->name().text, own_host),
          read_timeout(inbox->options().read_timeout) {}
    ~Impl() { close(); }

    bool is_inherited() const { return generation != os::fork_generation(); }

    void close() {
        if (is_inherited()) return;
        std::shared_ptr<office::Station> ended;
        {
            std::lock_guard lock(mutex);
            ended.swap(station);
        }
        // The name is freed before waiting threads wake up, so that they can create the slot again.
        if (ended) ended->close_slot(inbox->name());
        inbox->close();
    }

    // Fast path: a message waits. Returns false if nothing was done.
    [[gnu::always_inline]] inline bool get_at_once(Message& message) {
        return !is_inherited() && inbox->get_now(MessageAccess::memory_of(message),
                                                 [&](const inbox::RecordEnvelope& record) {
                                                     maker_at_once.make(message, record);
                                                 });
    }

    Result<void> get(Message& message, Timeout timeout, Interrupted interrupted) {
        if (is_inherited()) return Error{Errc::closed, "get", 0, "a forked child has no reader"};
        if (timeout == kSlotDefault) timeout = read_timeout.load();
        inbox::RecordEnvelope record;
        std::string& payload = MessageAccess::memory_of(message);
        Result<void> got = timeout == Timeout::zero()
                               ? inbox->get_nowait(record, payload)
                               : inbox->get_within(record, payload, timeout, interrupted);
        if (got) [[likely]] {
            std::lock_guard lock(making);
            maker.make(message, record);
        } else {
            MessageAccess::clear(message);
        }
        return got;
    }

    const std::uint64_t generation = os::fork_generation();
    const std::shared_ptr<inbox::Inbox> inbox;
    MessageMaker maker_at_once;  // for get_at_once; guarded by the inbox's own mutex
    os::BiasedMutex making;
    MessageMaker maker;  // for get; guarded by `making`
    std::atomic<Timeout> read_timeout;
    std::mutex mutex;
    std::shared_ptr<office::Station> station;  // guarded by mutex
};

namespace {

// On a single processor, spinning would keep the writer from running.
std::chrono::microseconds spin_of(const Settings& settings) {
    static const bool is_alone = std::thread::hardware_concurrency() == 1;
    return is_alone ? std::chrono::microseconds(0) : settings.spin;
}

}  // namespace

Reader::Reader(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&& other) noexcept {
    if (this != &other) {
        close();
        impl_ = std::move(other.impl_);
    }
    return *this;
}
Reader::~Reader() {
    // Parts of the reader in a forked child belong to threads that do not exist there: they are
    // never touched or destroyed.
    if (impl_ && impl_->is_inherited()) new std::shared_ptr<Impl>(std::move(impl_));
    if (impl_) impl_->close();
}

Result<Reader> Reader::create(std::string_view name, const SlotOptions& options) {
    const auto parsed = parse_reader_name(name);
    if (!parsed) return parsed.error();
    const auto process = Process::current();
    if (!process) return process.error();
    const Settings& settings = (*process)->settings();
    SlotOptions complete = options;
    if (!complete.require) complete.require = settings.require;
    auto inbox = inbox::Inbox::create(*parsed, complete, spin_of(settings));
    if (!inbox) return inbox.error();
    auto station = (*process)->station(options.access);
    if (!station) return station.error();
    if (auto opened = (*station)->open_slot(*inbox); !opened) return opened.error();
    auto impl = std::make_shared<Impl>(std::move(*inbox), (*process)->settings().host);
    impl->station = std::move(*station);
    return Reader(std::move(impl));
}

Result<Message> Reader::get(Timeout timeout) {
    Message message;
    if (auto got = get_into(message, timeout); !got) return got.error();
    return message;
}

Result<void> Reader::get_into(Message& message, Timeout timeout, Interrupted interrupted) {
    if (!impl_) return Error{Errc::closed, "get"};
    if (impl_->get_at_once(message)) [[likely]]
        return {};
    return impl_->get(message, timeout, interrupted);
}

SlotInfo Reader::info() const {
    if (!impl_ || impl_->is_inherited()) return {};
    SlotInfo info = impl_->inbox->info();
    info.read_timeout = impl_->read_timeout;
    return info;
}

std::uint64_t Reader::qsize() const {
    return impl_ && !impl_->is_inherited() ? impl_->inbox->qsize() : 0;
}
bool Reader::empty() const { return !impl_ || impl_->is_inherited() || impl_->inbox->empty(); }
bool Reader::full() const { return impl_ && !impl_->is_inherited() && impl_->inbox->full(); }
std::string_view Reader::name() const {
    return impl_ ? impl_->inbox->name().text : std::string_view();
}
void Reader::set_read_timeout(Timeout timeout) {
    if (impl_) impl_->read_timeout = timeout;
}

Result<int> Reader::fileno() {
    if (!impl_ || impl_->is_inherited()) return Error{Errc::closed, "fileno"};
    const auto fd = impl_->inbox->fileno();
    if (!fd) return fd.error();
    return os::to_number(*fd);
}

std::optional<Error> Reader::network_error() const {
    if (!impl_ || impl_->is_inherited()) return std::nullopt;
    std::lock_guard lock(impl_->mutex);
    return impl_->station ? impl_->station->network_error(impl_->inbox->name().key) : std::nullopt;
}

void Reader::close() {
    if (impl_) impl_->close();
}

}  // namespace mailslot
