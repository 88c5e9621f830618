#include "store/columns.h"

#include <utility>

#include "base/bytes.h"
#include "store/limits.h"
#include "store/varint.h"

namespace mailslot::store {
namespace {

constexpr std::size_t kColumns = 8;

void put_u32be(char* to, std::size_t number) {
    for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(number >> (8 * (3 - i)));
}

// Appends a column: `value` gives the number of each row.
template <class Value>
char* put_column(char* to, std::span<const Row> rows, Value&& value) {
    char* const size_at = to;
    to += 4;
    for (const Row& row : rows) to = put_varint(to, value(row));
    put_u32be(size_at, static_cast<std::size_t>(to - size_at - 4));
    return to;
}

std::uint64_t bits(std::int64_t number) { return static_cast<std::uint64_t>(number); }
std::int64_t time_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

// Reads a column: `take` stores the number of each row, and returns false if the number is wrong.
template <class Take>
bool take_column(ByteReader& in, std::vector<Row>& rows, Take&& take) {
    VarintReader numbers(as_text(in.take(in.u32be())));
    if (!in.ok()) return false;
    bool good = true;
    for (Row& row : rows) good &= take(row, numbers.next());
    return good && numbers.ok() && numbers.is_at_end();
}

// A number that fits the member.
template <class Member>
bool narrow(Member& member, std::uint64_t number, std::uint64_t most) {
    member = static_cast<Member>(number);
    return number <= most;
}

}  // namespace

std::size_t columns_bound(std::size_t rows) { return 4 + kColumns * (4 + kMaxVarintBytes * rows); }

void encode_columns(std::span<const Row> rows, std::size_t sources, std::string& out) {
    out.resize(columns_bound(rows.size()));
    char* to = out.data();
    put_u32be(to, rows.size());
    to = put_column(to + 4, rows, [](const Row& row) { return row.source; });
    std::uint64_t kept = 0;
    to = put_column(to, rows, [&kept](const Row& row) {
        const std::uint64_t before = std::exchange(kept, bits(row.kept_us));
        return zigzag(before, kept);
    });
    to = put_column(to, rows,
                    [](const Row& row) { return zigzag(bits(row.kept_us), bits(row.sent_us)); });
    std::vector<std::uint64_t> sequences(sources);
    to = put_column(to, rows, [&sequences](const Row& row) {
        const std::uint64_t before = std::exchange(sequences[row.source], row.sequence);
        return zigzag(before, row.sequence);
    });
    to = put_column(to, rows, [](const Row& row) { return row.lost_before; });
    to = put_column(to, rows, [](const Row& row) { return row.level_code; });
    to = put_column(to, rows, [](const Row& row) { return row.labels_bytes; });
    to = put_column(to, rows, [](const Row& row) { return row.text_bytes; });
    out.resize(static_cast<std::size_t>(to - out.data()));
}

Result<std::size_t> decode_columns(std::string_view bytes, std::size_t sources,
                                   std::vector<Row>& rows) {
    ByteReader in(as_bytes(bytes));
    const std::size_t count = in.u32be();
    // Each row has at least a byte in each column, so a small frame cannot ask for much memory.
    if (count > kMaxRows || count * kColumns > in.left())
        return Error{Errc::bad_packet, "columns are cut off"};
    rows.assign(count, Row{});
    std::uint64_t kept = 0;
    std::vector<std::uint64_t> sequences(sources);
    std::size_t texts_bytes = 0;
    const bool good =
        take_column(in, rows,
                    [sources](Row& row, std::uint64_t number) {
                        return narrow(row.source, number, kMaxSources) && number < sources;
                    }) &&
        take_column(in, rows,
                    [&kept](Row& row, std::uint64_t number) {
                        row.kept_us = time_of(kept = unzigzag(kept, number));
                        return true;
                    }) &&
        take_column(in, rows,
                    [](Row& row, std::uint64_t number) {
                        row.sent_us = time_of(unzigzag(bits(row.kept_us), number));
                        return true;
                    }) &&
        take_column(in, rows,
                    [&sequences](Row& row, std::uint64_t number) {
                        std::uint64_t& before = sequences[row.source];
                        row.sequence = before = unzigzag(before, number);
                        return true;
                    }) &&
        take_column(in, rows,
                    [](Row& row, std::uint64_t number) {
                        row.lost_before = number;
                        return true;
                    }) &&
        take_column(in, rows,
                    [](Row& row, std::uint64_t number) {
                        return narrow(row.level_code, number, kMaxLevel + 1u);
                    }) &&
        take_column(in, rows,
                    [](Row& row, std::uint64_t number) {
                        return narrow(row.labels_bytes, number, kMaxLabelBytes);
                    }) &&
        take_column(in, rows, [&texts_bytes](Row& row, std::uint64_t number) {
            const bool fits = narrow(row.text_bytes, number, kMaxTextBytes);
            texts_bytes += fits ? row.text_bytes + row.labels_bytes : 0;
            return fits;
        });
    if (!good || in.left() > 0) return Error{Errc::bad_packet, "columns are damaged"};
    if (texts_bytes > kMaxTextsBytes) return Error{Errc::bad_packet, "texts are too large"};
    return texts_bytes;
}

}  // namespace mailslot::store
