#include "inbox/segment.h"

#include <new>
#include <utility>

#include "mailslot/mailslot.h"

namespace mailslot::inbox {

Limits limits_for(const SlotOptions& options) {
    Limits limits{options.max_bytes, options.max_messages, options.max_message_bytes};
    limits.require = options.require.value_or(Trust::none);
    limits.order = options.order;
    if (options.when_full != WhenFull::drop_oldest) return limits;
    constexpr std::uint64_t kLeastMessages = 4096;  // 2 ms of a fast writer
    constexpr std::uint64_t kMostForOne = 1 << 20;  // the most that the network carries
    limits.when_full = options.when_full;
    limits.kept_bytes = limits.max_bytes;
    limits.kept_messages = limits.max_messages;
    if (limits.max_message_bytes == 0) limits.max_message_bytes = limits.max_bytes;
    const std::uint64_t one = std::min(limits.max_message_bytes, kMostForOne);
    // Limits that geometry_for() refuses anyway stay as they are.
    if (limits.max_bytes < kMostBytes) {
        limits.max_bytes =
            std::min(limits.max_bytes + std::max(limits.max_bytes / 8, one), kMostBytes);
    }
    if (limits.max_messages < kMostMessages) {
        limits.max_messages = std::min(
            limits.max_messages + std::max(limits.max_messages / 8, kLeastMessages), kMostMessages);
    }
    return limits;
}

Result<Geometry> geometry_for(const Limits& limits) {
    if (limits.max_bytes > kMostBytes || limits.max_messages > kMostMessages ||
        limits.max_bytes == 0 || limits.max_messages == 0) {
        return Error{Errc::no_resources, "size the slot", 0,
                     "max_bytes may be 1 to 2^40 and max_messages 1 to 2^32"};
    }
    constexpr std::uint64_t kOverhead = kRecordHeaderBytes + kMaxMetaBytes + (kRecordAlignment - 1);
    constexpr std::uint64_t kUsable = kBlockBytes - kBlockHeaderBytes;
    const std::uint64_t bytes = limits.max_bytes + limits.max_messages * kOverhead;
    Geometry geometry{static_cast<std::uint32_t>(bytes / kUsable + 3), limits};
    if (geometry.limits.max_message_bytes == 0)
        geometry.limits.max_message_bytes = limits.max_bytes;
    geometry.limits.max_message_bytes =
        std::min({geometry.limits.max_message_bytes, limits.max_bytes, kMostMessageBytes});
    return geometry;
}

Segment::Segment(os::UniqueFd fd, os::Mapping mapping, const Geometry& geometry)
    : fd_(std::move(fd)),
      mapping_(std::move(mapping)),
      geometry_(geometry),
      blocks_(mapping_.data() + geometry.blocks_offset()) {}

Result<Segment> Segment::create(const Limits& limits) {
    const auto geometry = geometry_for(limits);
    if (!geometry) return geometry.error();
    auto memory =
        os::create_shared_memory("mailslot", geometry->segment_bytes(), os::WhoWrites::everyone);
    if (!memory) return memory.error();
    auto* header = new (memory->mapping.data()) Header{};
    header->magic = kMagic;
    header->version = kLayoutVersion;
    header->block_bytes = kBlockBytes;
    header->block_count = geometry->block_count;
    header->max_bytes = geometry->limits.max_bytes;
    header->max_messages = geometry->limits.max_messages;
    header->max_message_bytes = geometry->limits.max_message_bytes;
    header->when_full = static_cast<std::uint32_t>(limits.when_full);
    header->kept_bytes = limits.kept_bytes;
    header->kept_messages = limits.kept_messages;
    header->require = static_cast<std::uint32_t>(limits.require);
    header->order = static_cast<std::uint32_t>(limits.order);
    const Position start;
    header->tails[0].block = start.block;
    header->tails[0].offset = start.offset;
    return Segment(std::move(memory->fd), std::move(memory->mapping), *geometry);
}

Result<Segment> Segment::attach(os::UniqueFd fd) {
    constexpr std::size_t kLargest = std::size_t{1} << 44;
    auto mapping = os::map_shared_memory(fd, os::WhoWrites::everyone, kHeaderBytes, kLargest);
    if (!mapping) return mapping.error();
    // Copies each number once: another process may change them meanwhile.
    const auto* header = reinterpret_cast<const volatile Header*>(mapping->data());
    const std::uint32_t when_full = header->when_full;
    const std::uint32_t require = header->require, order = header->order;
    const Limits limits{.max_bytes = header->max_bytes,
                        .max_messages = header->max_messages,
                        .max_message_bytes = header->max_message_bytes,
                        .when_full = WhenFull{static_cast<std::uint8_t>(when_full)},
                        .kept_bytes = header->kept_bytes,
                        .kept_messages = header->kept_messages,
                        .require = Trust{static_cast<std::uint8_t>(require)},
                        .order = Order{static_cast<std::uint8_t>(order)}};
    if (header->magic != kMagic || header->version != kLayoutVersion ||
        header->block_bytes != kBlockBytes) {
        return Error{Errc::bad_segment, "attach", 0, "made by another version of mailslot"};
    }
    const auto geometry = geometry_for(limits);
    if (!geometry || geometry->block_count != header->block_count ||
        geometry->limits.max_message_bytes != limits.max_message_bytes ||
        geometry->segment_bytes() != mapping->size() ||
        when_full > static_cast<std::uint32_t>(WhenFull::drop_oldest) ||
        require > static_cast<std::uint32_t>(Trust::local) ||
        order > static_cast<std::uint32_t>(Order::as_it_comes) ||
        limits.kept_bytes > limits.max_bytes || limits.kept_messages > limits.max_messages) {
        return Error{Errc::bad_segment, "attach", 0, "its numbers contradict each other"};
    }
    return Segment(std::move(fd), std::move(*mapping), *geometry);
}

Result<void> Segment::reserve(std::uint32_t block) const {
    return os::reserve_range(
        fd_, mapping_, geometry_.blocks_offset() + std::size_t{block} * kBlockBytes, kBlockBytes);
}

bool Segment::is_backed(std::uint32_t block) const {
    return os::is_backed(mapping_, geometry_.blocks_offset() + std::size_t{block} * kBlockBytes,
                         kBlockBytes);
}

void Segment::release(std::uint32_t block) const {
    os::release_range(fd_, geometry_.blocks_offset() + std::size_t{block} * kBlockBytes,
                      kBlockBytes);
}

TailCopy read_tail(const Header& header) {
    // A writer changes the selected copy only after selecting the other copy, so a few tries are
    // enough. If a hostile writer never stops, the last copy must do.
    constexpr int kTries = 100;
    TailCopy copy;
    for (int i = 0; i < kTries; ++i) {
        const std::uint32_t selector = header.selector.load(std::memory_order_acquire);
        const Tail& tail = header.tails[selector & 1];
        copy.at.block = tail.block.load(std::memory_order_acquire);
        copy.at.offset = tail.offset.load(std::memory_order_acquire);
        copy.count = tail.count.load(std::memory_order_acquire);
        copy.bytes = tail.bytes.load(std::memory_order_acquire);
        if (header.selector.load(std::memory_order_acquire) == selector) break;
    }
    return copy;
}

}  // namespace mailslot::inbox
