// Puts the messages that the post office lets through into the memory of registered slots, and asks
// the slots' processes for all that a put cannot do itself: to ring, to make room, to back memory.
// Threads: the station's only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "inbox/inbox_writer.h"
#include "office/item_maker.h"
#include "office/lock_patience.h"
#include "office/registry.h"
#include "post/answerer.h"
#include "post/slots.h"

namespace mailslot::office {

class Delivery final : public post::Slots {
public:
    // `may_put` returns true if the office may still put into a slot. `answerer` may be null: then
    // nobody answers queries.
    using MayPut = std::function<bool(const RegisteredSlot&)>;
    Delivery(const Registry& registry, const post::PostOffice& rules, const Clock& clock,
             MayPut may_put, post::Answerer* answerer)
        : registry_(registry),
          rules_(rules),
          clock_(clock),
          may_put_(std::move(may_put)),
          answerer_(answerer) {}

    Result<std::size_t> put(std::string_view slot_key, std::span<const Parcel> messages) override;
    void note_sender(std::string_view slot_key, std::uint64_t origin, std::uint64_t next) override;
    std::uint64_t memory_of(std::string_view slot_key) const override {
        return registry_.memory_of(slot_key);
    }
    void answer(const Envelope& query) override {
        if (answerer_ != nullptr) answerer_->hear(query);
    }

private:
    Result<std::size_t> put(RegisteredSlot& slot, std::string_view key,
                            std::span<const inbox::Item> items);
    void settle_wants(RegisteredSlot& slot, std::string_view key);
    void ask_when_full(RegisteredSlot& slot, std::string_view key, std::size_t bytes);

    const Registry& registry_;
    const post::PostOffice& rules_;
    const Clock& clock_;
    const MayPut may_put_;
    post::Answerer* const answerer_;
    LockPatience patience_;
    ItemMaker item_maker_;
};

}  // namespace mailslot::office
