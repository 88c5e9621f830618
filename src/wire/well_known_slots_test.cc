#include "wire/well_known_slots.h"

#include <gtest/gtest.h>

#include <string>

#include "wire/browse_message.h"
#include "wire/messenger_message.h"
#include "wire/netlogon_message.h"
#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

struct Row {
    const char* slot;
    const char* hex;
    const char* words;  // null: no description
};

// "seen": from tests/captures. The other rows were written by hand from the same page.
const Row kRows[] = {
    // The worked message.
    {"BROWSE", "01 00 60ea0000 50524f42450000000000000000000000 06 01 03100000 0f 01 55aa 686900",
     "host PROBE, version 6.1, type 0x00001003, every 60 s, \"hi\""},
    // seen: 03, frame 13.
    {"browse",
     "010060ea000050524f424534000000000000000000000601000000000f0155aa676f696e67206177617900",
     "host PROBE4 goes away"},
    // seen: 01, frame 41.
    {"BROWSE", "0c02c0d401004d5347524f55500000000000000000000601001000800f0155aa414c50484100",
     "workgroup MSGROUP, version 6.1, type 0x80001000, every 120 s, master ALPHA"},
    // seen: 01, frame 40.
    {"BROWSE", "0f02c0d40100414c50484100000000000000000000000601039a84000f0155aa707200",
     "master ALPHA, version 6.1, type 0x00849a03, every 120 s, \"pr\""},
    // seen: 01, frame 26.
    {"BROWSE", "08010a0f01417017000000000000414c50484100",
     "ALPHA wants to be master, criteria 0x41010f0a, up for 6 s"},
    // seen: 03, frames 5, 6 and 8.
    {"BROWSE", "090478563412", "asks for 4 backups, token 0x12345678"},
    {"BROWSE", "0a0178563412414c50484100", "backups, token 0x12345678: ALPHA"},
    {"BROWSE", "020050524f424500", "PROBE asks all to announce themselves"},
    // seen: 01, frame 39: nmbd sends an empty name, and its own name after that.
    {"BROWSE", "020100414c504841", "ALPHA asks all to announce themselves"},
    {"BROWSE", "0b 414200", "AB is to be a backup"},
    {"BROWSE", "0d 414200", "AB is master of its subnet, for the domain's master"},
    {"BROWSE", "0e 02", "reset, kind 2"},
    {"BROWSE", "0a03 01000000 4100 4200", "backups, token 0x00000001: A B"},
    {"BROWSE", "01 00 60ea0000 1b5b22000000000000000000000000 00 06 01 03100000 0f 01 55aa 2200",
     "host \\x1b[\", version 6.1, type 0x00001003, every 60 s, \"\\\"\""},
    {"BROWSE", "", nullptr},
    {"BROWSE", "03", nullptr},
    {"BROWSE", "01 00 60ea0000 50524f4245", nullptr},
    {"BROWSE", "08 01 0a0f", nullptr},
    {"BROWSE", "09 04 785634", nullptr},
    {"BROWSE", "0a 01 785634", nullptr},
    {"BROWSE", "0e", nullptr},
    // seen: 06, frame 15.
    {"NET\\NTLOGON",
     "1200000041004c00500048004100000041004c00500048004100240000005c4d41494c534c4f545c4e45545c47455"
     "4"
     "44433230304430443041008000000000",
     "ALPHA looks for a domain controller, user ALPHA$, answer to \\MAILSLOT\\NET\\GETDC200D0D0A"},
    {"net\\netlogon", "0700 4100 5c4d00",
     "A looks for the primary domain controller, answer to \\M"},
    {"NET\\GETDC7", "0c00 4100 4100 0000 4c00 4100 4200 0000",
     "A is the primary domain controller, domain LAB"},
    {"NET\\GETDC7", "0c00 4142 00 00 4100 3dd8 00de 0000 4c00 0000",
     "A\xf0\x9f\x98\x80 is the primary domain controller, domain L"},
    {"NET\\GETDC7", "1300 4100 0000 5500 0000 4400 0000",
     "A is a domain controller, user U, domain D"},
    {"NET\\GETDC7", "1400 4100 0000 5500 0000 4400 0000",
     "A is a domain controller, paused, user U, domain D"},
    {"NET\\GETDC7", "1500 4100 0000 00d8 4100 00dc 0000 0700 0000",
     "A is a domain controller and does not know the user, user \xef\xbf\xbd"
     "A\xef\xbf\xbd, domain \xef\xbf\xbd"},
    {"NET\\NETLOGON", "1a00", "netlogon message 26"},
    // The page's worked answer: names by pointers.
    {"NET\\GETDC7",
     "1700 0000 fd030000 00112233445566778899aabbccddeeff 036c6162 076578616d706c65 00 c018 "
     "03646331 "
     "c018 034c4142 00 03444331 00 00 0153 00 c038",
     "DC1 (dc1.lab.example) is a domain controller, domain LAB (lab.example), site S"},
    {"NET\\GETDC7",
     "1800 0000 00000000 00000000000000000000000000000000 00 00 00 014c 00 0141 00 0155 00 00 00",
     "A is a domain controller, paused, user U, domain L"},
    {"NET\\GETDC7",
     "1900 0000 00000000 00000000000000000000000000000000 00 00 0261e9 00 014c 00 0141 00 0155 00 "
     "00 "
     "00",
     "A (a\\xe9) is a domain controller and does not know the user, user U, domain L"},
    {"NET\\GETDC7", "1700", nullptr},
    {"NET\\GETDC7, a name that points at itself",
     "1700 0000 00000000 00000000000000000000000000000000 c018", nullptr},
    {"NET\\GETDC7, a pointer forward",
     "1700 0000 00000000 00000000000000000000000000000000 c01c 00 00 00 00 00 00 00 00", nullptr},
    {"NET\\GETDC7, names that point at each other",
     "1700 0000 00000000 00000000000000000000000000000000 0141 c01c 0142 c018 00 00 00 00 00",
     nullptr},
    {"NET\\GETDC7, a length of a kind that nobody defined",
     "1700 0000 00000000 00000000000000000000000000000000 41 00 00 00 00 00 00 00", nullptr},
    {"NET\\NETLOGON", "12", nullptr},
    {"NET\\NETLOGON", "1300 4100", nullptr},
    // seen: 04, frame 13.
    {"MESSNGR", "50524f42450053544154494f4e00706f7075702074657874", "PROBE to STATION: popup text"},
    {"messngr", "4100 4200 e91b0a00", "A to B: \\xe9\\x1b\\x0a"},
    {"MESSNGR", "4100 42", nullptr},
    {"MESSNGR", "", nullptr},
    {"LISTENER", "4100 4200 4300", nullptr},
    {"LANMAN", "0100", nullptr},
};

TEST(WellKnownSlots, are_told_in_words) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::string(row.slot) + " " + row.hex);
        const auto words = describe_message(row.slot, from_hex(row.hex));
        ASSERT_EQ(words.has_value(), row.words != nullptr);
        EXPECT_EQ(words.value_or(""), row.words == nullptr ? "" : row.words);
    }
}

TEST(WellKnownSlots, have_texts_for_messengers_in_both_directions) {
    const auto payload = encode_messenger_message("ALPHA", "BETA", "down at five").value();
    const MessengerMessage expected{"ALPHA", "BETA", "down at five"};
    EXPECT_EQ(decode_messenger_message(as_bytes(payload)).value(), expected);
    EXPECT_FALSE(encode_messenger_message("ALPHA", "BETA", "f\xc3\xbcnf"));
    EXPECT_FALSE(encode_messenger_message("ALPHA", "BETA", std::string_view("a\0b", 3)));
}

TEST(WellKnownSlots, never_read_behind_a_message_that_is_cut) {
    for (const Row& row : kRows) {
        const auto bytes = from_hex(row.hex);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            // A copy, so that a sanitizer sees the end.
            const std::vector<std::byte> cut(bytes.begin(),
                                             bytes.begin() + static_cast<long>(size));
            (void)describe_message(row.slot, cut);
        }
    }
}

}  // namespace
}  // namespace mailslot::wire
