// Answers other machines' queries for slots: docs/discovery.md. Pure: slots, time, randomness and
// the sending are handed in.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "model/envelope.h"
#include "wire/discovery.h"

namespace mailslot::post {

// Machines that hear the same query spread their answers over this time: ten a millisecond from
// 1000 machines.
inline constexpr std::chrono::milliseconds kAnswerJitter{100};
// Bounds the datagrams that forged queries can make this machine send to a victim: 50 a second.
inline constexpr std::uint32_t kAnswersASecond = 50;
// Bounds for a single address. An asker may want the slots of a machine with very many of them,
// page by page. An asker sends about four queries a second to the group, by each family.
inline constexpr std::uint32_t kAnswersToOne = 25, kGroupAnswersToOne = 10;
// Bounds the answers that wait to be sent, 1200 bytes each at most.
inline constexpr std::size_t kMaxWaitingAnswers = 64;

struct AnswererCounters {
    std::uint64_t answers = 0;
    std::uint64_t bad = 0;         // queries that make no sense
    std::uint64_t over_limit = 0;  // queries left without an answer
    std::uint64_t from_afar = 0;   // queries to the group from a sender that is not on the link
};

class Answerer {
public:
    // Returns the slots that are open to the network and that an asker of this trust may write to,
    // as their readers wrote the names, in the order of the folded names. With a key: only that
    // slot, or none.
    using ListSlots =
        std::function<std::vector<std::string>(const std::optional<std::string>& key, Trust asker)>;
    using Send = std::function<void(const Endpoint& to, const Envelope& answer)>;

    Answerer(std::uint64_t machine_id, std::string host, const Clock& clock, Random& random,
             ListSlots list_slots, Send send);

    void hear(const Envelope& query);  // a query for this machine
    void set_machine_id(std::uint64_t machine_id) { machine_id_ = machine_id; }
    void tick();
    void send_all();  // at once, because the office ends
    std::optional<Clock::Instant> next_tick() const;
    const AnswererCounters& counters() const { return counters_; }

private:
    struct Waiting {
        wire::Query query;
        Endpoint to;
        Clock::Instant due;
        std::string slot, payload;
        std::string domain;  // domain whose key the query came under; empty if none
        IpAddress asked;     // the address that the query came to
    };

    struct Asker {
        IpAddress address;
        std::uint32_t answers = 0, to_group = 0;  // in this second
    };

    bool may_answer(const Envelope& query, bool is_to_group);
    bool take_one_of_the_rate(const IpAddress& address, bool is_to_group);
    std::string answer_to(const Envelope& envelope, const wire::Query& query) const;
    std::size_t room_for_answer(const Envelope& query) const;
    void send(const Waiting& answer);

    std::uint64_t machine_id_;
    const std::string host_;
    const Clock& clock_;
    Random& random_;
    const ListSlots list_slots_;
    const Send send_;
    AnswererCounters counters_;
    std::vector<Waiting> waiting_;
    Clock::Instant second_began_{};
    std::uint32_t in_this_second_ = 0;
    std::vector<Asker> askers_;  // in this second; no more than answers
};

}  // namespace mailslot::post
