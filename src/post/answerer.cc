#include "post/answerer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/fold.h"
#include "wire/frame.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSizeBytes = 2;  // length field of the payload in the frame

}  // namespace

Answerer::Answerer(std::uint64_t machine_id, std::string host, const Clock& clock, Random& random,
                   ListSlots list_slots, Send send)
    : machine_id_(machine_id),
      host_(std::move(host)),
      clock_(clock),
      random_(random),
      list_slots_(std::move(list_slots)),
      send_(std::move(send)) {}

void Answerer::hear(const Envelope& envelope) {
    const auto query = wire::decode_query(envelope.payload);
    if (!query || envelope.from_address.family == IpAddress::Family::none) {
        ++counters_.bad;
        return;
    }
    // A copy by another way, while the first query's answer waits.
    const auto is_copy = [&](const Waiting& w) { return w.query == *query; };
    if (std::ranges::any_of(waiting_, is_copy)) return;
    // Every machine that hears the query would answer to the sender's address, which may be forged.
    const bool is_to_group = !envelope.to_address.is_unicast();
    if (is_to_group && !envelope.is_from_neighbour) {
        ++counters_.from_afar;
        return;
    }
    // Checked before the answer is made, because that costs more: most often a list of all slots.
    if (!may_answer(envelope, is_to_group)) {
        ++counters_.over_limit;
        return;
    }
    std::string payload = answer_to(envelope, *query);
    if (payload.empty()) return;
    // Only this machine answers a question that was put to it alone, so there is no delay.
    const auto delay = envelope.scope == Scope::direct
                           ? 0us
                           : std::chrono::microseconds(
                                 random_.u64() % std::chrono::microseconds(kAnswerJitter).count());
    waiting_.push_back({*query,
                        {envelope.from_address, query->reply_port},
                        clock_.now() + delay,
                        std::string(envelope.slot),
                        std::move(payload),
                        std::string(envelope.domain),
                        envelope.to_address});
    tick();
}

// Returns the room for the payload: the answer is no larger than the query, whose sender may be
// forged.
std::size_t Answerer::room_for_answer(const Envelope& query) const {
    const std::size_t sealing = query.domain.empty() ? 0 : wire::kSealBytes;
    const std::size_t head = sealing + wire::kFrameHeaderBytes + query.slot.size() + kSizeBytes;
    const std::size_t asked_with =
        head + query.from_host.size() + query.to.size() + query.payload.size();
    const std::size_t most = std::min(asked_with, kMaxDatagramBytes);
    return most > head + host_.size() ? most - head - host_.size() : 0;
}

// Answers as of the time of the query, so a process that is signalled right after the query still
// counts as having waited.
std::string Answerer::answer_to(const Envelope& envelope, const wire::Query& query) const {
    std::optional<std::string> key;
    if (!envelope.slot.empty()) {
        key = fold(envelope.slot);
        if (!key) return {};
    }
    const std::vector<std::string> names = list_slots_(key, envelope.trust);
    std::array<std::byte, kMaxDatagramBytes> buffer;
    const std::span<std::byte> room(buffer.data(), room_for_answer(envelope));
    wire::AnswerWriter writer(room, query, static_cast<std::uint32_t>(names.size()));
    for (std::size_t i = query.first; i < names.size() && writer.add(names[i]); ++i) {
    }
    return std::string(as_text(writer.finish()));
}

// Returns false if a limit is reached. A question about a slot that is not here is free: it uses up
// no answer.
bool Answerer::may_answer(const Envelope& query, bool is_to_group) {
    if (waiting_.size() >= kMaxWaitingAnswers) return false;
    const bool is_for_one = !query.slot.empty();
    if (is_for_one) {
        const auto key = fold(query.slot);
        if (!key || list_slots_(key, query.trust).empty()) return true;
    }
    return take_one_of_the_rate(query.from_address, is_to_group);
}

bool Answerer::take_one_of_the_rate(const IpAddress& address, bool is_to_group) {
    const auto now = clock_.now();
    if (now - second_began_ >= 1s) {
        second_began_ = now;
        in_this_second_ = 0;
        askers_.clear();
    }
    if (in_this_second_ >= kAnswersASecond) return false;
    auto asker = std::ranges::find(askers_, address, &Asker::address);
    if (asker == askers_.end()) asker = askers_.insert(asker, Asker{.address = address});
    if (asker->answers >= kAnswersToOne) return false;
    if (is_to_group && asker->to_group >= kGroupAnswersToOne) return false;
    ++in_this_second_;
    ++asker->answers;
    if (is_to_group) ++asker->to_group;
    return true;
}

void Answerer::tick() {
    const auto now = clock_.now();
    const auto is_due = [now](const Waiting& w) { return w.due <= now; };
    for (const Waiting& answer : waiting_) {
        if (is_due(answer)) send(answer);
    }
    std::erase_if(waiting_, is_due);
}

void Answerer::send_all() {
    for (const Waiting& answer : waiting_) send(answer);
    waiting_.clear();
}

std::optional<Clock::Instant> Answerer::next_tick() const {
    if (waiting_.empty()) return std::nullopt;
    return std::ranges::min(waiting_, {}, &Waiting::due).due;
}

void Answerer::send(const Waiting& waiting) {
    Envelope answer;
    answer.kind = Kind::answer;
    answer.scope = Scope::direct;
    answer.slot = waiting.slot;
    answer.from_host = host_;
    answer.machine_id = machine_id_;
    answer.sent_at_us = clock_.unix_microseconds();
    answer.payload = as_bytes(waiting.payload);
    answer.domain = waiting.domain;
    answer.to_address = waiting.asked;
    ++counters_.answers;
    send_(waiting.to, answer);
}

}  // namespace mailslot::post
