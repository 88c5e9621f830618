#include "model/stream_address.h"

#include <gtest/gtest.h>

namespace mailslot {
namespace {

TEST(StreamAddress, is_a_file_or_a_port_of_the_loopback) {
    EXPECT_EQ(parse_stream_address("unix:/run/m.sock")->path, "/run/m.sock");
    const auto v4 = parse_stream_address("127.0.0.1:9138");
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->endpoint, (Endpoint{IpAddress::v4(127, 0, 0, 1), 9138}));
    EXPECT_TRUE(v4->path.empty());
    EXPECT_EQ(parse_stream_address("[::1]:80")->endpoint.port, 80);
}

TEST(StreamAddress, refuses_what_others_could_reach_and_what_is_no_address) {
    for (const char* text :
         {"", "unix:", "unix:relative", "9138", ":9138", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
          "127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1:80 ", "0.0.0.0:80", "10.0.0.1:80", "[::]:80",
          "::1:80", "localhost:80", "http://127.0.0.1:80"}) {
        EXPECT_FALSE(parse_stream_address(text)) << text;
    }
    EXPECT_FALSE(parse_stream_address("unix:/" + std::string(107, 'x')));
    EXPECT_TRUE(parse_stream_address("unix:/" + std::string(106, 'x')));
}

}  // namespace
}  // namespace mailslot
