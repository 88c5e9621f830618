// Any bytes over a slot's shared memory, between calls of both ends. No call may crash or run
// for ever.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "inbox/get_now.h"
#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"
#include "inbox/testing/record.h"
#include "model/testing/packed_contents.h"
#include "os/liveness.h"

using namespace mailslot;

namespace {

constexpr SlotOptions kOptions{
    .max_message_bytes = 100'000, .max_bytes = 150'000, .max_messages = 4};
constexpr std::size_t kMostSteps = 200;

SlotOptions options_of(WhenFull policy) {
    SlotOptions options = kOptions;
    options.when_full = policy;
    return options;
}

// A slot and the two ends that act on it in turn.
class Scene {
public:
    explicit Scene(WhenFull policy)
        : inbox_(inbox::Inbox::create({"FUZZ", "FUZZ"}, options_of(policy)).value()) {
        attach();
    }

    void step(ByteReader& in) {
        switch (const std::uint8_t kind = in.u8(); kind % 16) {
            case 0:
                return put(std::size_t{in.u16be()} * 2);
            case 1:
                return put(in.u8());
            case 2:
                return get();
            case 3:
                return look();
            case 4:
                return attach();
            case 5:
                return inbox_->bury(number_);
            case 6:
                return inbox_->bury(in.u8());
            case 7:
                return inbox_->ring();
            case 8:
                return poll();
            case 9:
                return void(writer_ && writer_->wait_for_room(in.u16be(), kNow));
            case 10:
                return void(inbox_->make_room(in.u16be()));
            case 11:
                return kind / 16 == 0 ? get_now() : put_row(kind / 16);
            default:
                return scribble(kind, in);
        }
    }

    // After any damage, the slot serves a new writer once the old writer is dead, or is closed.
    void end() {
        inbox_->bury(number_);
        for (std::size_t i = 0; i < kMostSteps && get_one(); ++i) {
        }
        attach();
        MAILSLOT_CHECK(writer_ || inbox_->is_closed());
        inbox_->close();
    }

private:
    static constexpr os::Deadline kNow{std::chrono::steady_clock::time_point{}};

    // Attaches a writer in the usual way, with what the reading process would send.
    void attach() {
        static const auto liveness = os::Liveness::create().value();
        auto pass = inbox_->admit_writer();
        if (!pass) return;
        auto segment = inbox::Segment::attach(std::move(pass->segment));
        MAILSLOT_CHECK(segment);  // checked just now by admit_writer()
        if (number_ != 0) inbox_->bury(number_);
        number_ = pass->number;
        writer_ = std::make_unique<inbox::InboxWriter>(
            std::move(*segment), os::LivenessView::attach(liveness->fd()).value(), number_,
            std::move(pass->event));
    }

    void put(std::size_t size) {
        if (!writer_ || writer_->header().lock != 0) return;  // put() would wait its full second
        const std::string payload(size, 'x');
        const inbox::Item item{.sequence = ++sequence_, .payload = as_bytes(payload)};
        const auto taken = writer_->put({&item, 1});
        MAILSLOT_CHECK(!taken || *taken == 1);
    }

    void put_row(std::size_t messages) {
        if (!writer_ || writer_->header().lock != 0) return;
        const std::string payload(messages, 'y');
        const PackedContents packed(std::vector<Content>(messages, {as_bytes(payload)}));
        inbox::Item item{.sequence = sequence_ + 1};
        item.contents = packed;
        const auto taken = writer_->put({&item, 1});
        MAILSLOT_CHECK(!taken || (*taken > 0 && *taken <= messages));
        sequence_ += taken.value_or(0);
    }

    bool get_one() {
        if (!get_within(*inbox_, record_, Timeout(0))) return false;
        MAILSLOT_CHECK(record_.payload.size() <= kOptions.max_message_bytes);
        MAILSLOT_CHECK(record_.meta_size <= inbox::kMaxMetaBytes);
        return true;
    }
    void get() { (void)get_one(); }
    void get_now() {
        inbox_->get_now(record_.payload, [](const inbox::RecordEnvelope& envelope) {
            MAILSLOT_CHECK(envelope.meta_size <= inbox::kMaxMetaBytes);
        });
        MAILSLOT_CHECK(record_.payload.size() <= kOptions.max_message_bytes);
    }

    void poll() { MAILSLOT_CHECK(inbox_->fileno() || inbox_->is_closed()); }

    void look() {
        const SlotInfo info = inbox_->info();
        MAILSLOT_CHECK(info.next_message_bytes.value_or(0) <= kOptions.max_message_bytes);
        (void)inbox_->qsize(), (void)inbox_->full(), (void)inbox_->empty();
    }

    // Place: the header, the block states, or a block.
    void scribble(std::uint8_t kind, ByteReader& in) {
        if (!writer_) return;
        const std::size_t offset = in.u16be(), size = in.u8() % 64;
        const Bytes bytes = in.take(std::min(size, in.left()));
        const auto& geometry = writer_->geometry();
        std::size_t begin = offset % sizeof(inbox::Header);
        if (kind % 4 == 1) begin = inbox::kHeaderBytes + offset % geometry.block_count;
        if (kind % 4 >= 2) {
            const std::size_t block = (kind / 16) % geometry.block_count;
            begin = geometry.blocks_offset() + block * inbox::kBlockBytes + offset;
        }
        const std::size_t most = geometry.segment_bytes() - begin;
        auto* memory = reinterpret_cast<std::byte*>(&writer_->header());
        if (!bytes.empty()) std::memcpy(memory + begin, bytes.data(), std::min(bytes.size(), most));
    }

    const std::shared_ptr<inbox::Inbox> inbox_;
    std::unique_ptr<inbox::InboxWriter> writer_;
    std::uint32_t number_ = 0;
    std::uint64_t sequence_ = 0;  // sequence number of the last message put
    inbox::Record record_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ByteReader in(std::as_bytes(std::span(data, size)));
    // Chosen by the size, so that equal inputs do the same.
    Scene scene(size % 2 == 0 ? WhenFull::refuse : WhenFull::drop_oldest);
    for (std::size_t i = 0; i < kMostSteps && in.left() > 0; ++i) scene.step(in);
    scene.end();
    return 0;
}
