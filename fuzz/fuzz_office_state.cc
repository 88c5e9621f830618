// Any bytes as the books of a post office. Books that are read must survive writing and reading
// unchanged. A post office that took them keeps its bounds, hands them on as they are, and works.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/testing/fake_clock.h"
#include "post/post_office.h"
#include "post/testing/one_by_one.h"
#include "wire/office_state.h"

namespace {

using namespace mailslot;
using namespace mailslot::post;

constexpr std::uint64_t kMemory = 4711;
constexpr std::size_t kSenders = 8, kBytes = 20'000;

struct Copy {
    std::vector<std::byte> bytes;
    bool is_whole = false;
    std::size_t grown = 0;  // at most, by the times that older books lack
};

Copy copy_of(Bytes bytes) {
    wire::OfficeStateWriter out;
    const auto put = [&out](const auto& record) {
        out.put(record);
        return true;
    };
    std::size_t grown = 0;
    const auto put_sealer = [&](const wire::SealerState& sealer) {
        grown += sealer.sent_at == 0 ? sizeof sealer.sent_at : 0;
        return put(sealer);
    };
    const bool is_whole = wire::read_office_state(bytes, {put, put, put, put, put_sealer});
    return {out.take(), is_whole, grown};
}

class Office {
public:
    explicit Office(const Clock& clock)
        : office_(
              {1, "ME", {}}, clock, slots_,
              {.senders = kSenders,
               .reassembly = {
                   .bytes = kBytes, .bytes_per_sender = kBytes / 2, .messages_per_sender = 4}}) {
        slots_.memory = kMemory;
    }

    void take(Bytes books) { memories_ = office_.take_books(books); }
    std::vector<std::byte> books() const {
        wire::OfficeStateWriter out;
        office_.write_books(out);
        return out.take();
    }
    PostOffice& operator*() { return office_; }
    const auto& memories() const { return memories_; }

private:
    TestSlots slots_{[](std::string_view, std::span<const Parcel> messages) {
        std::size_t count = 0;
        for (const Parcel& parcel : messages) count += parcel.size();
        return Result<std::size_t>(count);
    }};
    PostOffice office_;
    std::map<std::string, std::uint64_t, std::less<>> memories_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes bytes = std::as_bytes(std::span(data, size));
    const Copy copy = copy_of(bytes);
    const Copy again = copy_of(copy.bytes);
    MAILSLOT_CHECK(again.is_whole && again.bytes == copy.bytes);
    MAILSLOT_CHECK(!copy.is_whole || copy.bytes.size() <= size + copy.grown);

    FakeClock clock;
    Office first(clock), second(clock);
    first.take(bytes);
    MAILSLOT_CHECK((*first).counters().senders <= kSenders);
    MAILSLOT_CHECK((*first).counters().half_arrived_bytes <= kBytes);
    second.take(first.books());
    MAILSLOT_CHECK((*first).counters() == (*second).counters());
    for (const auto& [key, memory] : first.memories()) {
        MAILSLOT_CHECK((*first).counters(key) == (*second).counters(key));
        MAILSLOT_CHECK(all_senders(*first, key) == all_senders(*second, key));
    }
    clock.advance(std::chrono::hours(1));
    (*second).tick();
    MAILSLOT_CHECK((*second).counters().half_arrived == 0);
    return 0;
}
