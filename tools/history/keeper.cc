#include "history/keeper.h"

#include <utility>

#include "base/visible_text.h"
#include "store/limits.h"
#include "wire/labels.h"

namespace mailslot::cli {
namespace {

constexpr int kTurn = 256;  // messages taken from a slot before the next slot's turn
constexpr std::chrono::seconds kLookGap{1};       // for losses and steps of the clock
constexpr std::int64_t kClockStepUs = 1'000'000;  // smaller steps are a clock's slow correction

std::int64_t offset_of(const Clock& clock) {
    const auto steady = clock.now_through_sleep().time_since_epoch();
    return clock.unix_microseconds() -
           std::chrono::duration_cast<std::chrono::microseconds>(steady).count();
}

std::int64_t unix_us(std::chrono::system_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

}  // namespace

Keeper::Keeper(std::vector<Reader> readers, store::StoreWriter writer, const Clock& clock)
    : readers_(std::move(readers)),
      writer_(std::move(writer)),
      clock_(clock),
      lost_(readers_.size()),
      committed_(clock.now()),
      looked_(clock.now()),
      clock_offset_us_(offset_of(clock)) {
    writer_.note("started");
    writer_.commit();
}

Result<bool> Keeper::take_turn() {
    bool came = false;
    for (Reader& reader : readers_) {
        for (int i = 0; i < kTurn; ++i) {
            if (const auto got = reader.get_into(message_, Timeout{0}); !got) {
                if (got.error().code != Errc::timed_out) return got.error();
                break;
            }
            keep(message_, clock_.unix_microseconds());
            came = true;
        }
    }
    return came;
}

void Keeper::keep(const Message& message, std::int64_t now_us) {
    labels_.clear();
    const auto labels = message.labels();
    if (!labels.empty()) (void)wire::append_labels(labels_, labels);  // were read from such a block
    writer_.append({.slot = message.slot(),
                    .host = message.from_host(),
                    .address = message.from_address(),
                    .origin = message.origin(),
                    .sequence = message.sequence(),
                    .lost_before = message.lost_before(),
                    .trust = message.trust(),
                    .format = message.format(),
                    .kept_us = now_us,
                    .sent_us = unix_us(message.sent_at()),
                    .level = store::level_in(labels_),
                    .labels = labels_,
                    .text = message.text()});
}

void Keeper::work() {
    const auto now = clock_.now();
    if (now - looked_ >= kLookGap) {
        looked_ = now;
        note_losses();
        note_clock();
        writer_.commit();  // messages become too old, also while none comes
    }
    if (writer_.has_uncommitted() && now - committed_ >= store::kCommitGap) {
        writer_.commit();
        committed_ = clock_.now();
    }
}

std::optional<Clock::Instant> Keeper::due_at() const {
    const auto look = looked_ + kLookGap;
    if (!writer_.has_uncommitted()) return look;
    return std::min(look, committed_ + store::kCommitGap);
}

void Keeper::note_losses() {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        const Losses lost = readers_[i].info().lost;
        for (const LossCause& cause : kLossCauses) {
            const std::uint64_t now = lost.*cause.count, before = lost_[i].*cause.count;
            if (now <= before) continue;
            writer_.note("lost", now - before,
                         std::string(readers_[i].name()) + ": " + std::string(cause.name));
        }
        lost_[i] = lost;
    }
}

void Keeper::note_clock() {
    const std::int64_t offset = offset_of(clock_);
    const std::int64_t step = offset - std::exchange(clock_offset_us_, offset);
    if (std::abs(step) < kClockStepUs) return;
    writer_.note("clock_step", static_cast<std::uint64_t>(std::abs(step)),
                 step > 0 ? "forward" : "back");
}

std::uint64_t Keeper::lost() const {
    std::uint64_t sum = 0;
    for (const Losses& lost : lost_) sum += lost.total();
    return sum;
}

void Keeper::end(std::string_view why) {
    note_losses();
    writer_.note("ended", 0, why);
    writer_.close();
}

}  // namespace mailslot::cli
