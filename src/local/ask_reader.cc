#include "local/ask_reader.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "os/closer.h"
#include "os/descriptors.h"
#include "os/failure.h"
#include "os/folder.h"
#include "os/interruption.h"
#include "os/local_socket.h"
#include "os/user.h"
#include "os/wait_list.h"

namespace mailslot::local {
namespace {

using std::chrono::steady_clock;
using wire::LocalMessage;
using wire::LocalOp;

// Waits for a process whose queue of connections is full, because it is stopped or somebody
// connects without end.
constexpr std::chrono::milliseconds kPatienceInQueue{200}, kComeAgain{2};
constexpr std::size_t kMostAtOnce = 256;  // but at most a quarter of our descriptors

Error silent() {
    return Error{Errc::timed_out, "ask the reader", 0, "the reading process does not answer"};
}

Result<LocalMessage> understood(const os::Packet& packet) {
    if (packet.bytes.empty()) return Error{Errc::no_such_slot, "ask the reader"};
    auto message = wire::decode_local_message(packet.bytes);
    if (!message) return Error{Errc::no_resources, "ask the reader", 0, message.error().detail};
    if (message->op == LocalOp::refused) return Error{message->why, "ask the reader"};
    return message;
}

bool is_busy(const Error& error) { return os::failure_of(error.os_code) == os::Failure::busy; }

Result<ReaderConnection> begin(const SlotEntry& entry, LocalMessage question,
                               os::Deadline until = steady_clock::now()) {
    question.key = entry.name.key;
    auto connection = ReaderConnection::to(entry, question.op == LocalOp::attach);
    while (!connection && is_busy(connection.error()) && steady_clock::now() < *until) {
        std::this_thread::sleep_for(kComeAgain);
        connection = ReaderConnection::to(entry, question.op == LocalOp::attach);
    }
    if (!connection) return connection.error();
    auto sent = os::send_packet(connection->fd(), wire::encode(question));
    if (!sent) return Error{Errc::no_such_slot, "ask the reader", sent.error().os_code};
    return connection;
}

Result<SlotInfo> info_in(Result<LocalMessage> message) {
    if (!message) return message.error();
    if (message->op != LocalOp::slot_info) return Error{Errc::no_such_slot, "ask the reader"};
    return std::move(message->info);
}

// Returns the order of asking: this user's and root's slots first, then each other user's first
// slot, each one's second, and so on. So one user's silent processes cannot keep another user's
// from being asked.
std::vector<std::size_t> fair_order(std::span<const SlotEntry> entries) {
    struct Rank {
        bool is_strangers = false;
        std::size_t among_its_users = 0;
        auto operator<=>(const Rank&) const = default;
    };
    std::map<std::uint32_t, std::size_t> seen;
    std::vector<std::pair<Rank, std::size_t>> ranked;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string& path = entries[i].socket_path;
        const auto owner = os::owner_of(path).value_or(os::PeerIdentity::kNobody);
        const std::uint32_t user = guest_of(path).value_or(owner);
        const bool is_strangers = !os::is_own_user_or_root(user);
        ranked.push_back({{is_strangers, is_strangers ? seen[user]++ : 0}, i});
    }
    std::ranges::sort(ranked);
    std::vector<std::size_t> order;
    for (const auto& [rank, i] : ranked) order.push_back(i);
    return order;
}

// Runs many questions at once.
class Round {
public:
    Round(std::span<const SlotEntry> entries, std::vector<Result<SlotInfo>>& answers)
        : entries_(entries), answers_(answers), order_(fair_order(entries)) {}

    void ask_more() {
        const std::size_t most =
            std::max<std::size_t>(std::min(kMostAtOnce, os::most_descriptors() / 4), 1);
        while (asked_.size() < most && next_ < order_.size()) {
            const std::size_t i = order_[next_++];
            auto connection = begin(entries_[i], {.op = LocalOp::info});
            if (!connection) {
                answers_[i] = connection.error();
            } else {
                asked_.emplace_back(i, std::move(*connection));
            }
        }
    }
    bool is_over() const { return asked_.empty(); }

    // Returns when an answer has come, or at `until`.
    void hear(os::Deadline until) {
        os::WaitList answers;
        for (const auto& [i, connection] : asked_) answers.add(connection.fd());
        (void)answers.wait(until);  // after an error, none is ready
        std::size_t at = 0;
        std::erase_if(asked_, [&](auto& asked) {
            if (!answers.is_ready(at++)) return false;
            auto packet = os::receive_packet(asked.second.fd(), steady_clock::now());
            if (!packet && packet.error().code == Errc::timed_out) return false;
            answers_[asked.first] =
                packet ? info_in(understood(*packet))
                       : Result<SlotInfo>(Error{Errc::no_such_slot, "ask the reader"});
            if (packet) asked.second.hang_up(std::move(packet->fds));
            return true;
        });
    }

private:
    std::span<const SlotEntry> entries_;
    std::vector<Result<SlotInfo>>& answers_;
    const std::vector<std::size_t> order_;
    std::size_t next_ = 0;
    std::vector<std::pair<std::size_t, ReaderConnection>> asked_{};
};

}  // namespace

Result<ReaderConnection> ReaderConnection::to(const SlotEntry& entry, bool wants_descriptors) {
    auto fd = os::connect_local(entry.socket_path);
    if (!fd) return fd.error();
    ReaderConnection connection;
    connection.closes_at_once_ = (!wants_descriptors && os::refuse_descriptors(fd->get())) ||
                                 os::is_own_user_or_root(os::peer_identity(fd->get()).uid);
    connection.fd_ = std::move(*fd);
    return connection;
}

ReaderConnection& ReaderConnection::operator=(ReaderConnection&& other) noexcept {
    if (this == &other) return *this;
    hang_up();
    fd_ = std::move(other.fd_);
    closes_at_once_ = other.closes_at_once_;
    return *this;
}

void ReaderConnection::hang_up(std::vector<os::UniqueFd> fds) {
    if (fd_ && !closes_at_once_) {
        const std::uint32_t user = os::peer_identity(fd_.get()).uid;
        os::Closer closer;
        closer.close(user, std::move(fds));
        closer.close(user, fd_.release());
    }
    fd_.reset();
}

Result<ReaderAnswer> ask_reader(const SlotEntry& entry, LocalMessage question,
                                os::Deadline answer_by, Interrupted interrupted) {
    auto connection = begin(entry, std::move(question), steady_clock::now() + kPatienceInQueue);
    if (!connection) return connection.error();
    auto packet = os::receive_packet(connection->fd(), answer_by, interrupted);
    if (!packet && packet.error().code == Errc::interrupted) return packet.error();
    if (!packet && packet.error().code == Errc::timed_out) return silent();
    if (!packet) return Error{Errc::no_such_slot, "ask the reader"};
    auto message = understood(*packet);
    if (!message) {
        connection->hang_up(std::move(packet->fds));
        return message.error();
    }
    return ReaderAnswer{std::move(*connection), std::move(*message), std::move(packet->fds)};
}

Result<SlotInfo> ask_for_info(const SlotEntry& entry, Interrupted interrupted) {
    auto answer =
        ask_reader(entry, {.op = LocalOp::info}, steady_clock::now() + kInfoPatience, interrupted);
    if (!answer) return answer.error();
    return info_in(std::move(answer->message));
}

std::vector<Result<SlotInfo>> ask_all_for_info(std::span<const SlotEntry> entries,
                                               Interrupted interrupted,
                                               std::chrono::milliseconds patience) {
    std::vector<Result<SlotInfo>> answers(entries.size(), Result<SlotInfo>(silent()));
    const auto until = steady_clock::now() + patience;
    os::Interruption interruption(interrupted);
    Round round(entries, answers);
    for (round.ask_more(); !round.is_over() && steady_clock::now() < until; round.ask_more()) {
        if (interruption.has_come()) {
            const Error error{Errc::interrupted, "ask the reader"};
            return {entries.size(), Result<SlotInfo>(error)};
        }
        round.hear(interruption.end_of_sleep(until));
    }
    return answers;
}

Result<inbox::DropBook::Drops> ask_for_drops(const SlotEntry& entry, Interrupted interrupted,
                                             os::Deadline answer_by) {
    const auto ours = steady_clock::now() + kInfoPatience;
    const os::Deadline until = answer_by ? std::min(ours, *answer_by) : ours;
    inbox::DropBook::Drops all;
    std::optional<std::uint64_t> from = 0;
    // Each page must bring some drops, so this ends whatever the process answers.
    while (from && all.size() < inbox::DropBook::kMostOrigins) {
        const auto answer =
            ask_reader(entry, {.op = LocalOp::drops, .cursor = from}, until, interrupted);
        if (!answer) return answer.error();
        const LocalMessage& message = answer->message;
        if (message.op != LocalOp::drop_page) return Error{Errc::no_such_slot, "ask the reader"};
        all.insert(all.end(), message.drops.begin(), message.drops.end());
        if (message.drops.empty() || (message.cursor && *message.cursor <= *from)) break;
        from = message.cursor;
    }
    return all;
}

}  // namespace mailslot::local
