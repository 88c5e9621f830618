#include "wire/path_notes.h"

#include <gtest/gtest.h>

#include "wire/testing/hex.h"

namespace mailslot::wire {
namespace {

const std::string kMark = "6d73706174687331";
const std::string kAddress = "01 0a000007 000000000000000000000000 00000000";
const std::string kInterface = "00000003";
const std::string kRate = "0000000000b71b00", kRoundTrip = "000001f4";
const std::string kLearned = "00060a24181e4000";
const std::string kNote = kAddress + kInterface + kRate + kRoundTrip + kLearned;

struct Row {
    const char* what;
    std::string hex;
};

const Row kRefused[] = {
    {"no bytes", ""},
    {"half a mark", "6d737061"},
    {"another mark", "6d73706174687332" + kNote},
    {"a byte short", kMark + kAddress + kInterface + kRate + kRoundTrip + "00060a24181e40"},
    {"a byte left over", kMark + kNote + "00"},
    {"no family", kMark + "00" + kNote.substr(2)},
    {"an unknown family", kMark + "03" + kNote.substr(2)},
    {"rate 0", kMark + kAddress + kInterface + "0000000000000000" + kRoundTrip + kLearned},
    {"a rate above all",
     kMark + kAddress + kInterface + "000000e8d4a51001" + kRoundTrip + kLearned},
    {"a time before 1970", kMark + kAddress + kInterface + kRate + kRoundTrip + "8000000000000000"},
};

PathNote note_of(std::uint8_t machine) {
    return {IpAddress::v4(10, 0, 0, machine), 3, 12'000'000, 500, 1'700'000'000'000'000};
}

TEST(PathNotes, have_the_bytes_of_the_document) {
    const auto file = from_hex(kMark + kNote);
    EXPECT_EQ(decode_path_notes(file).value(), std::vector{note_of(7)});
    EXPECT_EQ(encode_path_notes({note_of(7)}), as_text(file));
}

TEST(PathNotes, may_be_none) {
    EXPECT_TRUE(decode_path_notes(from_hex(kMark)).value().empty());
    EXPECT_EQ(encode_path_notes({}), "mspaths1");
}

TEST(PathNotes, of_a_damaged_file_are_refused) {
    for (const Row& row : kRefused) {
        SCOPED_TRACE(row.what);
        EXPECT_FALSE(decode_path_notes(from_hex(row.hex)));
    }
    const std::string full = encode_path_notes(std::vector(kMostPathNotes, note_of(7)));
    EXPECT_EQ(decode_path_notes(as_bytes(full)).value().size(), kMostPathNotes);
    EXPECT_FALSE(decode_path_notes(as_bytes(full + full.substr(8, kPathNoteBytes))));
}

TEST(PathNotes, that_are_too_many_or_not_sound_are_left_out) {
    std::vector<PathNote> notes;
    for (std::uint8_t i = 0; i < kMostPathNotes + 6; ++i) notes.push_back(note_of(i));
    notes[1].rate = 0;
    notes[2].to = {};
    const auto kept = decode_path_notes(as_bytes(encode_path_notes(notes))).value();
    ASSERT_EQ(kept.size(), kMostPathNotes - 2);
    EXPECT_EQ(kept.front(), notes.front());
    EXPECT_EQ(kept.back(), notes[kMostPathNotes - 1]);
}

}  // namespace
}  // namespace mailslot::wire
