#include "office/registered_slot.h"

#include <utility>

#include "base/saturating.h"
#include "inbox/office_pass.h"
#include "model/losses.h"
#include "os/shared_memory.h"

namespace mailslot::office {

void RegisteredSlot::book(const post::SlotCounters& now) {
    const auto add = [](std::atomic<std::uint64_t>& total, std::uint64_t count,
                        std::uint64_t before) {
        // May go down, because losses are taken back.
        if (count != before) mailslot::book(total, count, before);
    };
    inbox::Header& header = writer->header();
    for (const LossCause& cause : kLossCauses) {
        if (cause.counted_by != LossCause::By::office) continue;
        add(lost_in(header, cause.count), now.lost.*cause.count, booked.lost.*cause.count);
    }
    add(header.repeats, now.repeats, booked.repeats);
    add(header.senders_forgotten, now.senders_forgotten, booked.senders_forgotten);
    header.senders.store(now.senders, std::memory_order_relaxed);
    booked = now;
}

Result<void> check_pass(const std::vector<os::UniqueFd>& fds, std::uint32_t number) {
    // The kernel drops descriptors on the way if this process may not have more.
    if (fds.size() < 2) {
        return Error{Errc::no_resources, "attach", 0, "the slot's memory did not arrive"};
    }
    const bool is_sound = os::is_shared_memory(fds[0]) && os::is_shared_memory(fds[1]) &&
                          number != 0 && number < inbox::kLockWaiters;
    if (!is_sound) return Error{Errc::bad_segment, "attach"};
    return {};
}

Result<std::unique_ptr<inbox::InboxWriter>> attach_slot(std::vector<os::UniqueFd>& fds,
                                                        std::uint32_t number, bool with_event) {
    auto segment = inbox::Segment::attach(std::move(fds[0]));
    if (!segment) return segment.error();
    auto reader = os::LivenessView::attach(fds[1]);
    if (!reader) return Error{reader.error().code, "attach", 0, "no liveness page"};
    auto writer = std::make_unique<inbox::InboxWriter>(std::move(*segment), std::move(*reader),
                                                       number, os::UniqueFd());
    if (auto taken = inbox::take_extras(*writer, fds, with_event); !taken) {
        return Error{taken.error().code, "attach", 0, "no notes page"};
    }
    return writer;
}

}  // namespace mailslot::office
