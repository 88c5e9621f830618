// Chooses the key for frames to a destination, and seals the frames. Used by everything that sends
// frames: the sender, the receiver for its answers, and the asker. docs/trust.md says which
// messages are sealed.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "carrier/carrier.h"
#include "trust/keys.h"
#include "trust/seal.h"

namespace mailslot {

class FrameSealer {
public:
    explicit FrameSealer(std::shared_ptr<trust::Keys> keys) : keys_(std::move(keys)) {}

    // Chooses the key for all frames until the next call. An answer has the key of its
    // destination's `domain`.
    // Errors: no_permission (Reason::not_sealed) if the frames must be sealed and cannot be.
    Result<void> choose(const Destination& to);
    // Returns whether a key was chosen.
    bool seals() const { return key_ != nullptr; }
    // Returns the folded domain whose key was chosen; empty: none.
    const std::string& domain() const { return domain_; }
    // Returns the size of the largest frame that still fits a datagram.
    std::size_t max_frame_bytes() const {
        return seals() ? trust::kMaxPlainBytes : kMaxDatagramBytes;
    }

    // Returns the frames as they are to leave, valid until the next call. Sealed frames are
    // contiguous in memory: frames of the same size stay a single piece for the system. Without a
    // key, returns `frames`.
    std::span<const Bytes> seal(std::span<const Bytes> frames) {
        return seals() ? seal_all(frames) : frames;
    }

private:
    std::span<const Bytes> seal_all(std::span<const Bytes> frames);

    trust::KeysView keys_;
    const trust::Key* key_ = nullptr;  // null: not sealed
    std::string domain_;
    trust::Target target_{};
    std::vector<std::byte> memory_;
    std::vector<Bytes> sealed_;
};

}  // namespace mailslot
