#include "carrier/netbios/nmbd_strays.h"

#include <gtest/gtest.h>

#include "wire/testing/hex.h"

namespace mailslot {
namespace {

using wire::from_hex;

// A packet of two bytes from 10.0.0.7, port 138.
constexpr const char* kStray =
    "0200000000000000 01000000 00000000 1122334455667788 0a000007 8a000000 beef";

TEST(StrayParser, asks_for_the_datagrams_of_all_slots) {
    EXPECT_EQ(as_text(StrayParser::request()),
              as_text(from_hex("01000000 00000000 0000000000000000 ffffffff 00000000")));
}

TEST(StrayParser, reads_packets_however_the_stream_is_cut) {
    const auto stream = from_hex(std::string("00") + kStray + kStray);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        StrayParser parser;
        std::vector<Stray> all;
        for (const Bytes part : {Bytes(stream).first(cut), Bytes(stream).subspan(cut)}) {
            const auto got = parser.take(part);
            ASSERT_TRUE(got);
            all.insert(all.end(), got->begin(), got->end());
        }
        ASSERT_EQ(all.size(), 2u) << cut;
        EXPECT_EQ(all[1].from, (Endpoint{IpAddress::v4(10, 0, 0, 7), 138}));
        EXPECT_EQ(as_text(all[1].bytes), "\xbe\xef");
    }
}

TEST(StrayParser, gives_up_what_it_does_not_know) {
    for (const char* const hex :
         {"01", "00 0200000000000000 00000000 00000000 1122334455667788 0a000007 8a000000 beef",
          "00 0000010000000000 01000000 00000000 1122334455667788 0a000007 8a000000",
          "00 ffffffffffffffff 01000000 00000000 1122334455667788 0a000007 8a000000"}) {
        StrayParser parser;
        EXPECT_FALSE(parser.take(from_hex(hex))) << hex;
    }
}

}  // namespace
}  // namespace mailslot
