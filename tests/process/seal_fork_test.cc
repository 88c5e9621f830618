// A child of fork must not go on with its parent's nonces.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "support/child.h"
#include "support/shared.h"
#include "trust/keys.h"

namespace mailslot::testing_process {
namespace {

struct Board {
    std::array<std::atomic<std::uint64_t>, 4> sender_ids;
};

TEST(SealFork, a_child_seals_as_somebody_else_however_it_was_made) {
    Shared<Board> board;
    trust::Sealer sealer;
    board->sender_ids[0] = sealer.next(1).sender_id;
    Child child = Child::run([&] {
        const trust::Stamp stamp = sealer.next(1);
        EXPECT_EQ(stamp.counter, 1u);
        board->sender_ids[1] = stamp.sender_id;
    });
    EXPECT_EQ(child.wait(), 0);
    // A fork that none of our handlers notices.
    const pid_t raw = _Fork();
    if (raw == 0) {
        board->sender_ids[2] = sealer.next(1).sender_id;
        _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(raw, &status, 0), raw);
    ASSERT_EQ(status, 0);
    const trust::Stamp later = sealer.next(1);
    EXPECT_EQ(later.sender_id, board->sender_ids[0]);
    EXPECT_EQ(later.counter, 2u);
    EXPECT_NE(board->sender_ids[1], board->sender_ids[0]);
    EXPECT_NE(board->sender_ids[2], board->sender_ids[0]);
    EXPECT_NE(board->sender_ids[1], board->sender_ids[2]);
}

}  // namespace
}  // namespace mailslot::testing_process
