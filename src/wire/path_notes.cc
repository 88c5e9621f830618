#include "wire/path_notes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "wire/address_bytes.h"

namespace mailslot::wire {
namespace {

constexpr std::string_view kMark = "mspaths1";

bool is_sound(const PathNote& note) {
    return note.to.family != IpAddress::Family::none && note.rate > 0 &&
           note.rate <= kMostPathRate && note.learned_us >= 0;
}

}  // namespace

std::string encode_path_notes(const std::vector<PathNote>& notes) {
    std::array<std::byte, kMostPathNotesBytes> buffer;
    ByteWriter out(buffer);
    out.put(kMark);
    for (std::size_t i = 0; i < std::min(notes.size(), kMostPathNotes); ++i) {
        const PathNote& note = notes[i];
        if (!is_sound(note)) continue;
        put_address(out, note.to);
        out.u32be(note.interface_index);
        out.u64be(note.rate);
        out.u32be(note.round_trip_us);
        out.u64be(static_cast<std::uint64_t>(note.learned_us));
    }
    return std::string(as_text(out.written()));
}

Result<std::vector<PathNote>> decode_path_notes(Bytes file) {
    const Error refused{Errc::bad_packet, "path notes"};
    ByteReader in(file);
    if (as_text(in.take(kMark.size())) != kMark) return refused;
    if (in.left() % kPathNoteBytes != 0 || in.left() > kMostPathNotes * kPathNoteBytes)
        return refused;
    std::vector<PathNote> notes;
    while (in.left() > 0) {
        PathNote note;
        note.to = take_address(in);
        note.interface_index = in.u32be();
        note.rate = in.u64be();
        note.round_trip_us = in.u32be();
        note.learned_us = static_cast<std::int64_t>(in.u64be());
        if (!is_sound(note)) return refused;
        notes.push_back(note);
    }
    return notes;
}

}  // namespace mailslot::wire
