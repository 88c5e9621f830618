#include "office/ask_office.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "local/ask_reader.h"
#include "os/failure.h"
#include "os/local_socket.h"
#include "os/network_id.h"

namespace mailslot::office {
namespace {

using wire::LocalMessage;
using wire::LocalOp;

// Most time for an answer. The office does nothing that takes long.
constexpr std::chrono::seconds kPatience{1};
// For a full queue of the office.
constexpr std::chrono::milliseconds kPatienceInQueue{200}, kComeAgain{2};

Result<os::GuardedFd> connect(const local::SlotFolder& office) {
    const auto until = std::chrono::steady_clock::now() + kPatienceInQueue;
    auto connection = os::connect_local(office.office_socket_path());
    const auto is_full = [&] {
        return !connection && os::failure_of(connection.error().os_code) == os::Failure::busy;
    };
    while (is_full() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kComeAgain);
        connection = os::connect_local(office.office_socket_path());
    }
    if (is_full()) {
        return Error{Errc::timed_out, "ask the post office", os::code_of(os::Failure::busy),
                     "it is busy; try again"};
    }
    if (connection || connection.error().code != Errc::no_such_slot) return connection;
    return Error{Errc::unreachable, "ask the post office", connection.error().os_code,
                 "no process is the post office of this machine at the moment"};
}

Result<LocalMessage> ask(os::Handle office, const LocalMessage& question, LocalOp answer,
                         os::Deadline callers, Interrupted interrupted = nullptr) {
    const auto ours = std::chrono::steady_clock::now() + kPatience;
    const os::Deadline answer_by = callers ? std::min(ours, *callers) : ours;
    if (auto sent = os::send_packet(office, wire::encode(question)); !sent) return sent.error();
    const auto packet = os::receive_packet(office, answer_by, interrupted);
    if (!packet && packet.error().code == Errc::interrupted) return packet.error();
    if (!packet && packet.error().code == Errc::timed_out) {
        return Error{Errc::timed_out, "ask the post office", 0, "the post office does not answer"};
    }
    if (!packet || packet->bytes.empty()) {
        return Error{Errc::unreachable, "ask the post office", 0, "the post office has ended"};
    }
    auto message = wire::decode_local_message(packet->bytes);
    if (!message) {
        return Error{Errc::no_resources, "ask the post office", 0, message.error().detail};
    }
    if (message->op == LocalOp::refused && message->why == Errc::no_permission) {
        return Error{Errc::no_permission, "ask the post office", 0,
                     "the slot belongs to another user"};
    }
    if (message->op == LocalOp::refused) {
        return Error{Errc::unreachable, "ask the post office", 0,
                     "the post office does not know the slot"};
    }
    if (message->op != answer) return Error{Errc::no_resources, "ask the post office"};
    return message;
}

// Lists the offices of all folders, our network's first. A slot is registered with only one office.
std::vector<local::SlotFolder> all_offices_in(std::span<const local::SlotFolder> folders) {
    std::vector<local::SlotFolder> all;
    for (const local::SlotFolder& folder : folders) {
        for (local::SlotFolder& office : folder.offices_for(os::own_network())) {
            all.push_back(std::move(office));
        }
        for (std::string& name : folder.office_names()) {
            all.push_back(folder.with_office(std::move(name)));
        }
        all.push_back(folder);
    }
    return all;
}

Result<std::vector<SenderInfo>> ask_one(const local::SlotFolder& folder, const std::string& key,
                                        std::size_t most, os::Deadline answer_by,
                                        Interrupted interrupted) {
    const auto office = connect(folder);
    if (!office) return office.error();
    std::vector<SenderInfo> all;
    std::optional<std::uint64_t> from = 0;
    while (from && all.size() < most) {
        auto page = ask(office->get(), {.op = LocalOp::senders, .key = key, .cursor = from},
                        LocalOp::sender_page, answer_by, interrupted);
        if (!page) return page.error();
        // Ends the loop, whatever the office answers.
        if (page->senders.empty() || (page->cursor && *page->cursor <= *from)) break;
        from = page->cursor;
        for (SenderInfo& sender : page->senders) {
            if (all.size() < most) all.push_back(std::move(sender));
        }
    }
    return all;
}

// Adds each sender's `dropped_oldest`. The office knows only what it put into the slot; what was
// dropped to make room, only the reader knows.
// Errors: interrupted.
Result<void> add_drops(std::vector<SenderInfo>& senders, const local::SlotEntry& entry,
                       os::Deadline answer_by, Interrupted interrupted) {
    const auto drops = local::ask_for_drops(entry, interrupted, answer_by);
    if (!drops && drops.error().code == Errc::interrupted) return drops.error();
    if (!drops) return {};
    const std::map<std::uint64_t, std::uint64_t> by_origin(drops->begin(), drops->end());
    for (SenderInfo& sender : senders) {
        const auto found = by_origin.find(sender.origin);
        if (found != by_origin.end()) sender.lost.dropped_oldest = found->second;
    }
    return {};
}

}  // namespace

Result<std::vector<SenderInfo>> ask_for_senders(std::span<const local::SlotFolder> folders,
                                                const local::SlotEntry& entry, const SlotInfo& slot,
                                                std::size_t most, Interrupted interrupted,
                                                os::Deadline answer_by) {
    Result<std::vector<SenderInfo>> answer = Error{Errc::unreachable, "ask the post office"};
    for (const local::SlotFolder& office : all_offices_in(folders)) {
        answer = ask_one(office, entry.name.key, most, answer_by, interrupted);
        if (answer || answer.error().code != Errc::unreachable) break;
    }
    if (!answer || slot.lost.dropped_oldest == 0) return answer;
    auto added = add_drops(*answer, entry, answer_by, interrupted);
    if (!added) return added.error();
    return answer;
}

Result<std::vector<wire::NamedCounter>> ask_for_counters(const local::SlotFolder& folder,
                                                         os::Deadline answer_by) {
    auto office = connect(folder);
    for (const local::SlotFolder& of_ours : folder.offices_for(os::own_network())) {
        office = connect(of_ours);
        if (office || office.error().code != Errc::unreachable) break;
    }
    if (!office) return office.error();
    auto answer = ask(office->get(), {.op = LocalOp::counters}, LocalOp::counter_list, answer_by);
    if (!answer) return answer.error();
    return std::move(answer->counters);
}

}  // namespace mailslot::office
