#include "office/office_pulse.h"

#include <cstddef>
#include <new>

namespace mailslot::office {
namespace {

using Word = std::atomic<std::uint32_t>;
constexpr std::size_t kPageBytes = 4096;

Word& word_in(const os::Mapping& mapping) { return *reinterpret_cast<Word*>(mapping.data()); }

}  // namespace

Result<OfficePulse> OfficePulse::create() {
    auto memory =
        os::create_shared_memory("mailslot-pulse", kPageBytes, os::WhoWrites::creator_only);
    if (!memory) return memory.error();
    new (memory->mapping.data()) Word(0);
    return OfficePulse(std::move(*memory));
}

void OfficePulse::beat() { word_in(memory_.mapping).fetch_add(1, std::memory_order_seq_cst); }

Result<PulseView> PulseView::attach(os::Handle fd) {
    auto mapping = os::map_shared_memory(fd, os::WhoWrites::creator_only, kPageBytes, kPageBytes);
    if (!mapping) return mapping.error();
    return PulseView(std::move(*mapping));
}

std::uint32_t PulseView::beats() const { return word_in(mapping_).load(std::memory_order_seq_cst); }

}  // namespace mailslot::office
