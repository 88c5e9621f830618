#include "post/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mailslot::post {
namespace {

SlotInfo slot(std::string name) {
    SlotInfo info;
    info.name = std::move(name), info.received = 7, info.lost.kernel_drop = 2;
    return info;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != text.npos;
}

TEST(Metrics, have_a_sample_for_each_slot_and_cause) {
    const std::string text =
        metrics_text({.slots = {slot("LOG")},
                      .counters = {{"bad", 3}, {"senders", 4, true}, {"lost_slot_full", 5}}});
    for (const char* line :
         {R"(# TYPE mailslot_slot_received_total counter)",
          R"(mailslot_slot_received_total{slot="LOG"} 7)",
          R"(mailslot_slot_lost_total{slot="LOG",cause="kernel_drop"} 2)",
          R"(mailslot_slot_lost_total{slot="LOG",cause="slot_full"} 0)",
          R"(# TYPE mailslot_office_senders gauge)", R"(mailslot_office_senders 4)",
          R"(mailslot_office_bad_total 3)", R"(mailslot_office_lost_total{cause="slot_full"} 5)",
          R"(mailslot_office_up 1)"}) {
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    }
    EXPECT_TRUE(has_line(metrics_text({}), "mailslot_office_up 0"));
}

TEST(Metrics, are_for_who_asks_the_loopback_alone) {
    const auto asked_for = [](const std::string& headers) {
        return is_for_loopback("GET /metrics HTTP/1.1\r\n" + headers + "\r\n");
    };
    for (const char* headers :
         {"", "Accept: */*\r\n", "Host: localhost\r\n", "host:LOCALHOST.:9138\r\n",
          "Host: 127.0.0.1:9138\r\n", "Host: 127.8.9.1\r\n", "Host: [::1]:9138\r\n", "Host:\r\n"}) {
        EXPECT_TRUE(asked_for(headers)) << headers;
    }
    for (const char* headers :
         {"Host: evil.example\r\n", "Host: localhost.evil.example\r\n", "Host: x\r\n",
          "Host: 10.0.0.1:9138\r\n", "Host: [fe80::1]:9138\r\n", "Host: evil:127\r\n",
          "Host : evil.example\r\n", "Host: localhost\r\nHost: evil.example\r\n",
          "Host: 127.0.0.1.evil.example\r\n", "Host: ]\r\n"}) {
        EXPECT_FALSE(asked_for(headers)) << headers;
    }
    EXPECT_TRUE(answer_to_misled("GET / HTTP/1.1\r\n").starts_with("HTTP/1.1 403 "));
}

std::pair<std::string, SenderInfo> sender(std::uint64_t origin, std::uint64_t received,
                                          std::uint64_t lost) {
    SenderInfo info;
    info.origin = origin, info.from_host = "A\"", info.from_address = "10.0.0.2";
    info.received = received, info.repeats = 1, info.lost.network_gap = lost;
    return {"LOG", info};
}

TEST(Metrics, tell_of_single_senders) {
    const std::string text =
        metrics_text({.senders = {sender(0xabc, 9, 3)}, .senders_left_out = 5});
    const std::string who =
        R"({slot="LOG",from_host="A\"",from_address="10.0.0.2",origin="0000000000000abc")";
    for (const std::string& line :
         {"mailslot_sender_received_total" + who + "} 9",
          "mailslot_sender_repeats_total" + who + "} 1",
          "mailslot_sender_lost_total" + who + R"(,cause="network_gap"} 3)",
          "mailslot_sender_lost_total" + who + R"(,cause="slot_full"} 0)",
          std::string("mailslot_metrics_senders_left_out 5")}) {
        EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
    }
}

TEST(Metrics, tell_of_those_that_lost_most_first) {
    MetricsSample sample;
    sample.senders = {sender(1, 100, 0), sender(2, 5, 1), sender(3, 900, 0), sender(4, 1, 7)};
    sample.senders_left_out = 10;
    keep_most_telling(sample, 3);
    std::vector<std::uint64_t> kept;
    for (const auto& [slot, info] : sample.senders) kept.push_back(info.origin);
    std::ranges::sort(kept);
    EXPECT_EQ(kept, (std::vector<std::uint64_t>{2, 3, 4}));
    EXPECT_EQ(sample.senders_left_out, 11u);
    keep_most_telling(sample, 0);
    EXPECT_TRUE(sample.senders.empty());
    EXPECT_EQ(sample.senders_left_out, 14u);
}

TEST(Metrics, escape_names) {
    const std::string text = metrics_text({.slots = {slot("a\"b\\c\nd"), slot("\xff")}});
    EXPECT_TRUE(has_line(text, R"(mailslot_slot_messages{slot="a\"b\\c\nd"} 0)")) << text;
    EXPECT_TRUE(has_line(text, R"(mailslot_slot_messages{slot="?"} 0)"));
}

TEST(Metrics, are_answered_to_http_alone) {
    const struct {
        const char* request;
        const char* begins;
        bool asks;
    } cases[] = {{"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", true},
                 {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", true},
                 {"GET /metrics?x=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", true},
                 {"HEAD /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 200 ", true},
                 {"GET /other HTTP/1.1\r\n\r\n", "HTTP/1.1 404 ", false},
                 {"POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 405 ", false},
                 {"hello\r\n\r\n", "HTTP/1.1 400 ", false},
                 {" HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", false},
                 {"\r\n\r\n", "HTTP/1.1 400 ", false}};
    for (const auto& c : cases) {
        SCOPED_TRACE(c.request);
        bool asked = false;
        const std::string answer = metrics_answer(c.request, [&asked] {
            asked = true;
            return std::string("body\n");
        });
        EXPECT_TRUE(answer.starts_with(c.begins)) << answer;
        EXPECT_EQ(asked, c.asks);
    }
    EXPECT_TRUE(metrics_answer("HEAD / HTTP/1.1\r\n\r\n", [] {
                    return std::string("b");
                }).ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace mailslot::post
