// Fixture of the tests of a slot: the slot, with as many writers as a test wants, all in this
// process.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "inbox/inbox.h"
#include "inbox/inbox_writer.h"
#include "inbox/testing/record.h"

namespace mailslot::inbox {

class SlotUnderTest : public testing::Test {
protected:
    void open(const SlotOptions& options = {}, Backing backing = Backing()) {
        inbox_ = Inbox::create({"TEST", "TEST"}, options, {}, std::move(backing)).value();
    }
    std::unique_ptr<InboxWriter> writer() {
        WriterPass pass = inbox_->admit_writer().value();
        last_number_ = pass.number;
        return std::make_unique<InboxWriter>(Segment::attach(std::move(pass.segment)).value(),
                                             os::LivenessView::attach(liveness_->fd()).value(),
                                             pass.number, std::move(pass.event));
    }

    std::shared_ptr<Inbox> inbox_;
    std::unique_ptr<os::Liveness> liveness_ = os::Liveness::create().value();
    std::uint32_t last_number_ = 0;
};

}  // namespace mailslot::inbox
