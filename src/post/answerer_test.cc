#include "post/answerer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/testing/fake_clock.h"
#include "model/limits.h"
#include "wire/frame.h"

namespace mailslot::post {
namespace {

using namespace std::chrono_literals;

struct Sent {
    Endpoint to;
    std::string slot, host;
    std::uint64_t query_id;
    std::uint32_t first, total;
    std::vector<std::string> names;
    std::size_t datagram_bytes;
    std::string domain;
    IpAddress asked;
};

class AnswererTest : public testing::Test {
protected:
    void ask(wire::Query query, std::string_view slot = "", Scope scope = Scope::direct,
             std::string_view domain = "", std::uint16_t padding = 1136) {  // 1200 bytes
        query.padding = padding;
        std::array<std::byte, 1200> buffer;
        Envelope envelope;
        envelope.kind = Kind::query;
        envelope.scope = scope;
        envelope.slot = slot;
        envelope.from_address = asker_;
        envelope.to_address = asked_;
        envelope.is_from_neighbour = is_from_neighbour_;
        envelope.trust = domain.empty() ? Trust::none : Trust::domain;
        envelope.domain = domain;
        envelope.payload = wire::encode_query(buffer, query);
        answerer_.hear(envelope);
    }

    void take(const Endpoint& to, const Envelope& e) {
        EXPECT_EQ(e.kind, Kind::answer);
        EXPECT_EQ(e.machine_id, 7u);
        const auto answer = wire::decode_answer(e.payload).value();
        std::array<std::byte, wire::kMaxFrameBytes> buffer;
        sent_.push_back({to,
                         std::string(e.slot),
                         std::string(e.from_host),
                         answer.query_id,
                         answer.first,
                         answer.total,
                         {answer.names.begin(), answer.names.end()},
                         wire::encode_single(buffer, e).size(),
                         std::string(e.domain),
                         e.to_address});
    }

    std::vector<std::string> list(const std::optional<std::string>& key, Trust asker) {
        asked_with_ = asker;
        if (!key) ++lists_;
        if (!key) return names_;
        std::vector<std::string> found;
        if (*key == "LOG") found.emplace_back("Log");
        return found;
    }

    FakeClock clock_;
    SeededRandom random_{1};
    IpAddress asker_ = IpAddress::v4(10, 0, 0, 9), asked_ = IpAddress::v4(10, 0, 0, 22);
    bool is_from_neighbour_ = true;
    int lists_ = 0;  // lists of slots that were made
    Trust asked_with_ = Trust::local;
    std::vector<std::string> names_{"Alarms", "Log"};
    std::vector<Sent> sent_;
    Answerer answerer_{7,
                       "alpha",
                       clock_,
                       random_,
                       [this](const auto& key, Trust asker) { return list(key, asker); },
                       [this](const Endpoint& to, const Envelope& e) { take(to, e); }};
};

TEST_F(AnswererTest, lists_the_slots_to_who_asks) {
    ask({.id = 5, .reply_port = 4000});
    ASSERT_EQ(sent_.size(), 1u);
    EXPECT_EQ(sent_[0].to, (Endpoint{asker_, 4000}));
    EXPECT_EQ(sent_[0].asked, asked_);
    EXPECT_EQ(sent_[0].host, "alpha");
    EXPECT_EQ(sent_[0].query_id, 5u);
    EXPECT_EQ(sent_[0].total, 2u);
    EXPECT_EQ(sent_[0].names, names_);
}

TEST_F(AnswererTest, is_no_larger_than_the_query_allows) {
    names_.clear();
    for (int i = 100; i < 1000; ++i) names_.push_back("SLOT" + std::to_string(i));
    std::size_t before = 0;
    for (const std::uint16_t padding : {40, 41, 100, 500, 1050, 1100, 1138, 1150}) {
        SCOPED_TRACE(padding);
        sent_.clear();
        ask({.id = 5, .reply_port = 4000}, "", Scope::direct, "", padding);
        ASSERT_EQ(sent_.size(), 1u);
        const std::size_t query_bytes = wire::kFrameHeaderBytes + 2 + wire::kQueryBytes + padding;
        EXPECT_LE(sent_[0].datagram_bytes, std::min<std::size_t>(query_bytes, 1200));
        EXPECT_GE(sent_[0].datagram_bytes, before);
        before = sent_[0].datagram_bytes;
    }
    EXPECT_GT(before, 1180u);
    sent_.clear();
    ask({.id = 5, .reply_port = 4000}, "", Scope::direct, "", 0);
    EXPECT_TRUE(sent_.empty());  // no room for a single name
}

TEST_F(AnswererTest, says_of_one_name_whether_it_has_a_reader_and_else_nothing) {
    ask({.id = 5, .reply_port = 4000}, "lOG");
    ASSERT_EQ(sent_.size(), 1u);
    EXPECT_EQ(sent_[0].slot, "lOG");
    EXPECT_EQ(sent_[0].names, std::vector<std::string>{"Log"});
    ask({.id = 6, .reply_port = 4000}, "OTHER");
    names_.clear();
    ask({.id = 7, .reply_port = 4000});
    EXPECT_EQ(sent_.size(), 1u);
}

TEST_F(AnswererTest, waits_a_random_moment_where_others_answer_too) {
    ask({.id = 5, .reply_port = 4000}, "", Scope::everybody);
    EXPECT_TRUE(sent_.empty());
    ASSERT_TRUE(answerer_.next_tick());
    EXPECT_LE(*answerer_.next_tick(), clock_.now() + kAnswerJitter);
    clock_.advance(kAnswerJitter);
    answerer_.tick();
    EXPECT_EQ(sent_.size(), 1u);
    EXPECT_FALSE(answerer_.next_tick());
}

TEST_F(AnswererTest, answers_once_whatever_copies_come_while_it_waits_and_again_when_asked_again) {
    for (int copy = 0; copy < 3; ++copy) {
        ask({.id = 5, .reply_port = 4000}, "", Scope::everybody);
    }
    clock_.advance(kAnswerJitter);
    answerer_.tick();
    EXPECT_EQ(sent_.size(), 1u);
    ask({.id = 5, .reply_port = 4000}, "", Scope::everybody);
    clock_.advance(kAnswerJitter);
    answerer_.tick();
    EXPECT_EQ(sent_.size(), 2u);
}

TEST_F(AnswererTest, sends_at_once_what_waits_when_it_ends) {
    ask({.id = 5, .reply_port = 4000}, "", Scope::everybody);
    answerer_.send_all();
    EXPECT_EQ(sent_.size(), 1u);
    EXPECT_FALSE(answerer_.next_tick());
}

TEST_F(AnswererTest, tells_what_was_so_when_it_was_asked) {
    ask({.id = 5, .reply_port = 4000}, "", Scope::everybody);
    names_.clear();
    clock_.advance(kAnswerJitter);
    answerer_.tick();
    ASSERT_EQ(sent_.size(), 1u);
    EXPECT_EQ(sent_[0].names.size(), 2u);
}

TEST_F(AnswererTest, keeps_to_one_datagram_and_goes_on_where_it_is_asked_to) {
    names_.clear();
    for (int i = 100; i < 400; ++i) names_.push_back("SLOT" + std::to_string(i));
    std::vector<std::string> all;
    while (all.size() < names_.size()) {
        ask({.id = 5, .reply_port = 4000, .first = static_cast<std::uint32_t>(all.size())});
        ASSERT_FALSE(sent_.back().names.empty());
        EXPECT_LE(sent_.back().datagram_bytes, kMaxDatagramBytes);
        EXPECT_EQ(sent_.back().total, 300u);
        all.insert(all.end(), sent_.back().names.begin(), sent_.back().names.end());
    }
    EXPECT_EQ(all, names_);
    const auto before = sent_.size();
    ask({.id = 5, .reply_port = 4000, .first = 300});
    EXPECT_EQ(sent_.size(), before);
}

TEST_F(AnswererTest, sends_no_more_than_its_rate_and_counts_what_it_left) {
    for (std::uint64_t id = 0; id < kAnswersASecond + 10; ++id) {
        asker_.octets[3] = static_cast<std::uint8_t>(id);
        ask({.id = id, .reply_port = 9});
    }
    EXPECT_EQ(sent_.size(), kAnswersASecond);
    EXPECT_EQ(answerer_.counters().over_limit, 10u);
    EXPECT_EQ(lists_, static_cast<int>(kAnswersASecond)) << "over the limit a query costs none";
    clock_.advance(1s);
    ask({.id = 1000, .reply_port = 9});
    EXPECT_EQ(sent_.size(), kAnswersASecond + 1);
    EXPECT_EQ(answerer_.counters().answers, kAnswersASecond + 1);
}

TEST_F(AnswererTest, keeps_no_more_answers_waiting_than_its_limit) {
    clock_.advance(1s);
    for (std::uint64_t id = 0; id < 200; ++id) {
        ask({.id = id, .reply_port = 9}, "", Scope::everybody);
    }
    clock_.advance(kAnswerJitter);
    answerer_.tick();
    EXPECT_LE(sent_.size(), std::min<std::size_t>(kMaxWaitingAnswers, kAnswersASecond));
    EXPECT_EQ(sent_.size() + answerer_.counters().over_limit, 200u);
}

TEST_F(AnswererTest, sends_no_more_to_one_address_than_that_may_ask_for) {
    for (std::uint64_t id = 0; id < 60; ++id) ask({.id = id, .reply_port = 9});
    EXPECT_EQ(sent_.size(), kAnswersToOne);
    EXPECT_EQ(answerer_.counters().over_limit, 60u - kAnswersToOne);
    asker_ = IpAddress::v4(10, 0, 0, 10);
    asked_ = IpAddress::v4(239, 255, 71, 38);
    for (std::uint64_t id = 100; id < 130; ++id) ask({.id = id, .reply_port = 9});
    EXPECT_EQ(sent_.size(), kAnswersToOne + kGroupAnswersToOne);
    asker_ = IpAddress::v4(10, 0, 0, 11);
    ask({.id = 200, .reply_port = 9});
    EXPECT_EQ(sent_.size(), kAnswersToOne + kGroupAnswersToOne + 1);
}

TEST_F(AnswererTest, answers_what_came_by_the_group_to_neighbours_alone) {
    is_from_neighbour_ = false;
    ask({.id = 1, .reply_port = 9});
    EXPECT_EQ(sent_.size(), 1u) << "asked by its address";
    asked_ = IpAddress::v4(239, 255, 71, 38);
    ask({.id = 2, .reply_port = 9});
    EXPECT_EQ(sent_.size(), 1u);
    EXPECT_EQ(answerer_.counters().from_afar, 1u);
    EXPECT_EQ(lists_, 1);
    is_from_neighbour_ = true;
    ask({.id = 3, .reply_port = 9});
    EXPECT_EQ(sent_.size(), 2u);
}

TEST_F(AnswererTest, a_question_for_a_slot_that_is_not_here_uses_up_no_answer) {
    for (std::uint64_t id = 0; id < 200; ++id) ask({.id = id, .reply_port = 9}, "OTHER");
    EXPECT_EQ(answerer_.counters().over_limit, 0u);
    ask({.id = 1000, .reply_port = 9}, "LOG");
    EXPECT_EQ(sent_.size(), 1u);
}

TEST_F(AnswererTest, counts_a_query_that_makes_no_sense) {
    Envelope envelope;
    envelope.kind = Kind::query;
    envelope.from_address = asker_;
    envelope.payload = as_bytes("short");
    answerer_.hear(envelope);
    EXPECT_EQ(answerer_.counters().bad, 1u);
    asker_ = {};  // no address to answer to
    ask({.id = 1, .reply_port = 9});
    EXPECT_EQ(answerer_.counters().bad, 2u);
    EXPECT_TRUE(sent_.empty());
}

TEST_F(AnswererTest, answers_with_the_key_that_the_question_came_under_and_leaves_room_for_it) {
    for (int i = 0; i < 200; ++i) names_.push_back("a name of a slot " + std::to_string(i));
    ask({1, 4000, 0});
    ask({2, 4000, 0}, "", Scope::direct, "LAB");
    ASSERT_EQ(sent_.size(), 2u);
    EXPECT_EQ(sent_[0].domain, "");
    EXPECT_EQ(sent_[1].domain, "LAB");
    EXPECT_EQ(asked_with_, Trust::domain);
    EXPECT_GT(sent_[0].datagram_bytes, kMaxDatagramBytes - wire::kSealBytes);
    EXPECT_LE(sent_[1].datagram_bytes, kMaxDatagramBytes - wire::kSealBytes);
}

}  // namespace
}  // namespace mailslot::post
