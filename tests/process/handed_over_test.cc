// Descriptors from another process are checked, never trusted.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>

#include "inbox/segment.h"
#include "os/liveness.h"

namespace mailslot::testing_process {
namespace {

constexpr inbox::Limits kLimits{.max_bytes = 65536, .max_messages = 10, .max_message_bytes = 1000};
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

struct Forgery {
    const char* what;
    std::int64_t resize_by = 0;  // difference from a true segment's size
    int seals = kSeals;
    void (*forge)(inbox::Header&) = [](inbox::Header&) {};
};

// Makes memory with a true header of a small slot.
os::UniqueFd make_memory(const Forgery& forgery) {
    const auto geometry = inbox::geometry_for(kLimits).value();
    os::UniqueFd fd(memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    auto* header = new inbox::Header{};
    header->magic = inbox::kMagic;
    header->version = inbox::kLayoutVersion;
    header->block_bytes = inbox::kBlockBytes;
    header->block_count = geometry.block_count;
    header->max_bytes = geometry.limits.max_bytes;
    header->max_messages = geometry.limits.max_messages;
    header->max_message_bytes = geometry.limits.max_message_bytes;
    forgery.forge(*header);
    EXPECT_EQ(write(fd.number(), header, sizeof *header), static_cast<ssize_t>(sizeof *header));
    delete header;
    const auto size = static_cast<std::int64_t>(geometry.segment_bytes()) + forgery.resize_by;
    EXPECT_EQ(ftruncate(fd.number(), size), 0);
    EXPECT_EQ(fcntl(fd.number(), F_ADD_SEALS, forgery.seals), 0);
    return fd;
}

Errc code_of(const Result<inbox::Segment>& attached) {
    return attached ? Errc{} : attached.error().code;
}

TEST(HandedOver, a_true_segment_is_taken) {
    EXPECT_EQ(code_of(inbox::Segment::attach(make_memory({"true"}))), Errc{});
}

TEST(HandedOver, forged_segments_are_refused) {
    const auto size = static_cast<std::int64_t>(inbox::geometry_for(kLimits)->segment_bytes());
    const Forgery kForgeries[] = {
        {"empty", -size},
        {"shorter than a header", 100 - size},
        {"a header alone", static_cast<std::int64_t>(inbox::kHeaderBytes) - size},
        {"one byte short", -1},
        {"one block short", -static_cast<std::int64_t>(inbox::kBlockBytes)},
        {"one byte long", 1},
        {"not sealed", 0, 0},
        {"may shrink", 0, F_SEAL_GROW | F_SEAL_SEAL},
        {"magic", 0, kSeals, [](inbox::Header& h) { h.magic += 1; }},
        {"version", 0, kSeals, [](inbox::Header& h) { h.version += 1; }},
        {"block size", 0, kSeals, [](inbox::Header& h) { h.block_bytes /= 2; }},
        {"no blocks", 0, kSeals, [](inbox::Header& h) { h.block_count = 0; }},
        {"one block more", 0, kSeals, [](inbox::Header& h) { h.block_count += 1; }},
        {"all blocks", 0, kSeals, [](inbox::Header& h) { h.block_count = ~0u; }},
        {"no bytes", 0, kSeals, [](inbox::Header& h) { h.max_bytes = 0; }},
        {"all bytes", 0, kSeals, [](inbox::Header& h) { h.max_bytes = ~0ull; }},
        {"no messages", 0, kSeals, [](inbox::Header& h) { h.max_messages = 0; }},
        {"all messages", 0, kSeals, [](inbox::Header& h) { h.max_messages = ~0ull; }},
        {"no size", 0, kSeals, [](inbox::Header& h) { h.max_message_bytes = 0; }},
        {"size over max_bytes", 0, kSeals, [](inbox::Header& h) { h.max_message_bytes = 65537; }},
    };
    for (const Forgery& forgery : kForgeries) {
        SCOPED_TRACE(forgery.what);
        EXPECT_EQ(code_of(inbox::Segment::attach(make_memory(forgery))), Errc::bad_segment);
    }
}

TEST(HandedOver, what_is_no_memfd_is_refused) {
    char path[] = "/tmp/mailslot-process-XXXXXX";
    os::UniqueFd file(mkstemp(path));
    unlink(path);
    EXPECT_EQ(ftruncate(file.number(), 1 << 20), 0);
    int pipe_fds[2];
    ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
    const os::UniqueFd pipe_writer(pipe_fds[1]);
    EXPECT_EQ(code_of(inbox::Segment::attach(std::move(file))), Errc::bad_segment);
    EXPECT_EQ(code_of(inbox::Segment::attach(os::UniqueFd(pipe_fds[0]))), Errc::bad_segment);
    EXPECT_EQ(code_of(inbox::Segment::attach(os::UniqueFd())), Errc::bad_segment);
}

TEST(HandedOver, a_liveness_page_of_another_size_is_refused) {
    for (const std::int64_t size : {0, 4095, 8192}) {
        const os::UniqueFd fd(memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        EXPECT_EQ(ftruncate(fd.number(), size), 0);
        EXPECT_EQ(fcntl(fd.number(), F_ADD_SEALS, kSeals), 0);
        const auto view = os::LivenessView::attach(fd);
        ASSERT_FALSE(view) << size;
        EXPECT_EQ(view.error().code, Errc::bad_segment) << size;
    }
}

}  // namespace
}  // namespace mailslot::testing_process
