#include "os/liveness.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <new>
#include <utility>

namespace mailslot::os {
namespace {

constexpr std::size_t kPageBytes = 4096;

static_assert(FUTEX_OWNER_DIED == 0x4000'0000);  // LivenessView looks for this bit

std::atomic<std::uint32_t>& word_in(const Mapping& mapping) {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(mapping.data());
}

}  // namespace

// A list with a single entry, in private memory, where no other process can change it. The kernel
// finds the word to mark by its distance from the entry.
struct Liveness::RobustList {
    robust_list_head head{};
    robust_list entry{};
};

Liveness::Liveness(SharedMemory memory)
    : memory_(std::move(memory)), list_(std::make_unique<RobustList>()) {
    new (memory_.mapping.data()) std::atomic<std::uint32_t>(0);
}

Result<std::unique_ptr<Liveness>> Liveness::create() {
    auto memory = create_shared_memory("mailslot-liveness", kPageBytes, WhoWrites::creator_only);
    if (!memory) return memory.error();
    return std::unique_ptr<Liveness>(new Liveness(std::move(*memory)));
}

Liveness::~Liveness() {
    if (memory_.mapping.data() != nullptr) say_dead();
}

void Liveness::bind_to_this_thread() {
    auto& word = word_in(memory_.mapping);
    list_->head.list.next = &list_->entry;
    list_->entry.next = &list_->head.list;
    list_->head.futex_offset =
        reinterpret_cast<char*>(&word) - reinterpret_cast<char*>(&list_->entry);
    list_->head.list_op_pending = nullptr;
    word.store(static_cast<std::uint32_t>(gettid()), std::memory_order_release);
    syscall(SYS_set_robust_list, &list_->head, sizeof list_->head);
}

void Liveness::say_dead() {
    word_in(memory_.mapping).store(FUTEX_OWNER_DIED, std::memory_order_release);
}

Result<LivenessView> LivenessView::attach(const UniqueFd& fd) {
    auto mapping = map_shared_memory(fd, WhoWrites::creator_only, kPageBytes, kPageBytes);
    if (!mapping) return mapping.error();
    return LivenessView(std::move(*mapping));
}

}  // namespace mailslot::os
