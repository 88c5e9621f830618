// Trust that a slot requires, and messages that are refused for want of trust.
#include <gtest/gtest.h>

#include "post/testing/post_office_fixture.h"

namespace mailslot::post {
namespace {

class PostOfficeTrust : public PostOfficeTest {
protected:
    static Envelope trusted(Envelope envelope, Trust trust = Trust::domain,
                            std::string_view domain = "LAB") {
        envelope.trust = trust;
        if (trust == Trust::domain) envelope.domain = domain;
        return envelope;
    }
    static Envelope from(Envelope envelope, std::uint8_t last_octet) {
        envelope.from_address = IpAddress::v4(10, 0, 0, last_octet);
        return envelope;
    }
};

TEST_F(PostOfficeTrust, takes_what_has_at_least_the_trust_that_the_slot_requires) {
    const Trust all[] = {Trust::none, Trust::domain, Trust::local};
    std::uint64_t sequence = 0, refused = 0;
    for (const Trust require : all) {
        office_.slot_requires("LOG", require);
        for (const Trust trust : all) {
            const std::size_t before = slots_.got.size();
            // Each message has a writer of its own.
            ++sequence;
            deliver({trusted(message(1, "x", 100 + sequence), trust)});
            EXPECT_EQ(slots_.got.size() - before, trust >= require ? 1u : 0u);
            refused += trust < require;
        }
    }
    EXPECT_EQ(lost().not_trusted, refused);
    EXPECT_EQ(lost().total(), refused);
}

TEST_F(PostOfficeTrust, what_is_refused_touches_no_sender) {
    office_.slot_requires("LOG", Trust::domain);
    deliver({trusted(message(1))});
    deliver({message(90), message(2), end(500), part(3, "abcd", 0), part(3, "abcd", 1)});
    EXPECT_EQ(lost().not_trusted, 3u);  // a message in parts counts as one
    EXPECT_EQ(lost().network_gap, 0u);
    EXPECT_EQ(office_.counters().half_arrived, 0u);
    deliver({trusted(message(2)), trusted(message(3))});
    EXPECT_EQ(sequences(), (Numbers{1, 2, 3}));
    EXPECT_EQ(lost_before(), (Numbers{0, 0, 0}));
    EXPECT_EQ(all_senders(office_, "LOG").at(0).received, 3u);
}

TEST_F(PostOfficeTrust, what_is_refused_is_told_by_its_address_behind_all_senders) {
    office_.slot_requires("LOG", Trust::domain);
    deliver({from(message(1, "x", 50), 7), from(message(2, "x", 51), 7)});
    deliver({from(trusted(message(1)), 9), from(message(1, "x", 52), 8)});
    const auto senders = all_senders(office_, "LOG");
    ASSERT_EQ(senders.size(), 3u);
    EXPECT_EQ(senders[0].received, 1u);
    EXPECT_EQ(to_string(senders[1].address), "10.0.0.7");
    EXPECT_EQ(senders[1].origin, 51u);
    EXPECT_EQ(senders[1].host, "box");
    EXPECT_EQ(senders[1].lost.not_trusted, 2u);
    EXPECT_EQ(senders[2].lost.not_trusted, 1u);
    // In pages of a single sender.
    std::optional<std::uint64_t> from = 0;
    std::vector<SenderCounters> paged;
    while (from) {
        const auto page = office_.senders("LOG", *from, 1);
        paged.insert(paged.end(), page.senders.begin(), page.senders.end());
        from = page.next;
    }
    EXPECT_EQ(paged, senders);
}

TEST_F(PostOfficeTrust, strangers_make_it_remember_64_addresses_and_no_more) {
    office_.slot_requires("LOG", Trust::domain);
    for (unsigned i = 0; i < 200; ++i) {
        deliver({from(message(1, "x", 100 + i), static_cast<std::uint8_t>(i))});
    }
    EXPECT_EQ(all_senders(office_, "LOG").size(), kMaxRefusedAddresses);
    EXPECT_EQ(lost().not_trusted, 200u);
}

TEST_F(PostOfficeTrust, counts_a_refused_message_once_though_it_comes_by_two_ways) {
    office_.slot_requires("LOG", Trust::domain);
    std::vector<Envelope> stream;
    for (std::uint64_t number = 1; number <= 100; ++number) stream.push_back(message(number));
    deliver(stream);
    deliver(stream);
    EXPECT_EQ(lost().not_trusted, 100u);
    deliver({message(101)});
    EXPECT_EQ(lost().not_trusted, 101u);
}

TEST_F(PostOfficeTrust, hears_a_domain_whose_key_something_came_under) {
    const auto to = [](std::string_view domain, Envelope envelope) {
        envelope.scope = Scope::named;
        envelope.to = domain;
        return envelope;
    };
    deliver({to("CELLAR", trusted(message(1), Trust::domain, "CELLAR"))});
    EXPECT_EQ(slots_.got.size(), 1u);
    deliver({to("CELLAR", message(2))});
    EXPECT_EQ(office_.counters().not_for_us, 1u);
    // Refusals by the carrier are counted for the slot.
    Envelope refused = to("CELLAR", message(3));
    refused.is_refused = true;
    deliver({refused});
    EXPECT_EQ(slots_.got.size(), 1u);
    EXPECT_EQ(lost().not_trusted, 1u);
}

TEST_F(PostOfficeTrust, takes_nothing_in_the_clear_for_a_domain_whose_key_is_here) {
    keyed_domain_ = "LAB";
    const auto to_lab = [](Envelope envelope) {
        envelope.scope = Scope::named;
        envelope.to = "LAB";
        return envelope;
    };
    // For example by a carrier that knows no seals.
    deliver({to_lab(message(1))});
    EXPECT_EQ(lost().not_trusted, 1u);
    deliver({to_lab(trusted(message(1))), to_lab(trusted(message(1, "x", 8), Trust::local))});
    EXPECT_EQ(slots_.got.size(), 2u);
}

TEST_F(PostOfficeTrust, answers_no_question_that_the_carrier_refuses) {
    int asked = 0;
    slots_.slots.hear_query = [&](const Envelope&) { ++asked; };
    Envelope query;
    query.kind = Kind::query;
    deliver({query});
    query.is_refused = true;
    deliver({query});
    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace mailslot::post
