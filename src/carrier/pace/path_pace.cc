#include "carrier/pace/path_pace.h"

#include <algorithm>
#include <utility>

namespace mailslot {
namespace {

using Seconds = PathPace::Seconds;
using Duration = PathPace::Duration;
using std::chrono::milliseconds;

// docs/protocol/pace.md, "Constants", gives the reason for each.
constexpr double kFirstBurst = 128 * 1024;
constexpr milliseconds kWaitForReport{300}, kTrainPatience{60};
constexpr milliseconds kAskAgain{1};
// If all that is in flight was lost, no report comes: something leaves after this time, and causes
// a report.
constexpr milliseconds kProbe{100};
constexpr milliseconds kRest{100};
constexpr double kOverrunBytes = 64 * 1024;  // of a queue in the first burst
constexpr std::chrono::seconds kMostPatience{2}, kForgetRate{5};
constexpr double kLeastRate = 64 * 1024, kMostRate = 64e9;

constexpr double kTrainBytes = 56 * 1024;
constexpr Seconds kTrainNoise{0.0003}, kLikelyTrainNoise{0.0001};
constexpr double kMostLostAtStart = kFirstBurst / 8;
// The beginning of a train may pass a token bucket at the speed of the wire, so nearly all of the
// train must have arrived. The last datagrams may be held or lost.
constexpr std::uint64_t kTrainRest = 16 * 1024;
constexpr std::uint64_t kProofBytes = 96 * 1024;  // of the second burst
constexpr double kRemembered = 0.95;
// Bytes of a round trip, which a wrong memory costs.
constexpr double kMostRememberedRound = 2 * 1024 * 1024;
constexpr double kMuchFaster = 2;  // than is remembered: a busy receiver may show as much
constexpr Seconds kMemoryWindow{0.02};
// Beyond a writer that was slower than the path.
constexpr double kMayDouble = 2, kCarriesMore = 4;

constexpr Seconds kQueueTime{0.0004}, kNoise{0.0003};
constexpr double kSeenShare = 0.3;
constexpr double kPlainlySeen = 2;  // a single report above this many times it ends the growth

constexpr Seconds kLeastWindow{0.006}, kMostWindow{0.2};
constexpr Seconds kLeastCorrection{0.02}, kSmoothing{0.008};
constexpr double kFall = 0.7;
constexpr double kAllArrives = 0.9;
constexpr double kRandomLoss = 0.03;

constexpr double kReaderFull = 0.5, kReaderFills = 0.25, kReaderCut = 0.85;
constexpr milliseconds kReaderPause{50};

constexpr double kDatagram = 1200, kPiece = 65000;
constexpr Seconds kQuantum{0.001}, kLateWake{0.0005};
constexpr double kMostBurst = 1024 * 1024;
constexpr Seconds kFlightSlack{0.002};
constexpr double kFlightBytes = 64 * 1024;

// Rates of a path, as a train shows them.
struct Shown {
    double rate = 0;     // surely
    double carried = 0;  // likely
};

// Allows for times of arrival that are wrong by `noise`.
double rate_of(const PathView::Train& train, Seconds noise) {
    return 1 / (1 / train.rate + noise.count() / kTrainBytes);
}

// A path takes more than a writer sends that is slower than the path.
Shown shown_by(const PathView::Train& train) {
    const Shown shown{rate_of(train, kTrainNoise), rate_of(train, kLikelyTrainNoise)};
    if (train.was_together) return shown;
    return {kMayDouble * shown.rate, kCarriesMore * shown.carried};
}

// A path may be slower than the rate for nobody.
bool is_overrun(const PathView& view) {
    const auto flow = view.flow(kLeastWindow);
    if (!flow) return false;
    return view.has_new_loss() || view.queue().count() * flow->arrived > kOverrunBytes;
}

}  // namespace

PathPace::PathPace(const Limits& limits, std::shared_ptr<SentMarks> marks)
    : limits_(limits), sent_(std::move(marks)), drain_(limits.second_begins) {
    set_rate(limits.unheard);
}

// The first burst has left at once. The stream goes on at the remembered rate when the path has taken
// half of the burst: a token bucket may hide the other half.
void PathPace::remember(const Memory& memory) {
    if (!wants_memory() || memory.rate * memory.round_trip.count() > kMostRememberedRound) return;
    memory_ = memory;
    carried_ = memory.rate;
    set_rate(kRemembered * memory.rate);
    bucket_.clear();
    bucket_.take(kFirstBurst / 2 + burst());
    rate_changed_at_ = sent_->bytes();
    unproven_until_ = sent_->bytes() - std::min(sent_->bytes(), kTrainRest);
}

void PathPace::set_rate(double rate) {
    const double most = limits_.most > 0 ? limits_.most : kMostRate;
    rate_ = std::clamp(rate, std::min(kLeastRate, most), most);
}

std::size_t PathPace::quantum() const {
    return static_cast<std::size_t>(std::clamp(rate_ * kQuantum.count(), kDatagram, kPiece));
}

// Two turns, so that a late wake-up costs nothing.
double PathPace::burst() const {
    const double turns = std::clamp(2 * rate_ * kQuantum.count(), 2 * kDatagram, kFirstBurst);
    return std::max(turns, std::min(rate_ * kLateWake.count(), kMostBurst));
}

double PathPace::in_flight() const {
    const std::uint64_t known = view_.is_empty() ? 0 : view_.acknowledged();
    return static_cast<double>(sent_->bytes() - known);
}

// A path that is lost, or a receiver that is silent, stops the stream. While the rate is known from
// the first burst only, no more than another such burst may be lost. While it is remembered only,
// what is in flight fits into a small queue and half of what the path held.
bool PathPace::has_too_much_in_flight(double more) const {
    if (state_ == State::unheard || in_flight() == 0) return false;
    if (memory_) {
        const double held = rate_ * memory_->round_trip.count();
        return in_flight() + more > kFirstBurst + kFlightBytes + held / 2;
    }
    const Seconds time = view_.round_trip() + 2 * view_.interval() + kFlightSlack;
    const double most = rate_ * time.count() + kFlightBytes;
    return in_flight() + more > (unproven_until_ ? std::min(most, limits_.unproven) : most);
}

void PathPace::end_first_burst() {
    if (state_ == State::first_burst && !held_since_) state_ = State::unheard;
}

Duration PathPace::wait(std::size_t bytes, Instant now) {
    if (!begun_) return Duration::zero();
    const auto size = static_cast<double>(bytes);
    if (is_in_first_burst()) {
        const Duration wait = wait_in_first_burst(size, now);
        if (is_in_first_burst()) return wait;
    }
    look_at_silence(now);
    Duration wait = bucket_.wait(size, rate_ * drain_.share(now), burst(), now);
    if (has_too_much_in_flight(size) && now - last_left_ < kProbe)
        wait = std::max<Duration>(wait, kAskAgain);
    was_held_ = was_held_ || wait > Duration::zero();
    return std::min<Duration>(wait, kWaitForReport);
}

// A stream that needs no more than the rate for nobody needs no report, so its first burst never
// ends. Any other stream waits until the last 128 KiB are reported, or goes on without reports that
// do not come. A writer that makes its first burst slowly could send more than that meanwhile: as
// soon as reports come, they tell whether the path takes the rest.
Duration PathPace::wait_in_first_burst(double bytes, Instant now) {
    const bool may_leave =
        bucket_.wait(bytes, limits_.unheard, kFirstBurst, now) == Duration::zero();
    const double burst = static_cast<double>(sent_->bytes()) - burst_.sent;
    const bool is_ahead =
        !view_.is_empty() && burst + bytes > kFirstBurst && in_flight() + bytes > limits_.unproven;
    if (!held_since_ && may_leave && !is_ahead) return Duration::zero();
    was_held_ = true;
    if (!held_since_) held_since_ = now;
    const bool is_late = now - *held_since_ >= kWaitForReport;
    if (!view_.is_empty()) {
        // The rest of the train may be lost, or the path very slow.
        const bool is_silent = now - std::max(view_.heard_at(), *held_since_) >= kTrainPatience;
        if (is_late || is_silent || in_flight() <= kTrainRest) start(now);
        return kAskAgain;
    }
    if (is_late) {
        state_ = State::unheard;
        set_rate(std::min(rate_, limits_.unheard));
        bucket_.clear();
    }
    return std::max<Duration>(*held_since_ + kWaitForReport - now, kAskAgain);
}

void PathPace::left(wire::Mark from, wire::Mark mark, std::size_t bytes, Instant now) {
    const bool is_paced = note_left(bytes, false, now);
    sent_->left(from, mark, bytes, is_paced, now);
}

bool PathPace::note_left(std::size_t bytes, bool is_held, Instant now) {
    was_held_ = was_held_ || is_held;
    const Duration rest = begun_ ? now - last_left_ : Duration::zero();
    if (!begun_) {
        begun_ = unanswered_since_ = burst_.at = now;
        bucket_.begin(now);
    }
    if (rest > kRest && !was_held_) {
        unanswered_since_ = now;
        burst_ = {static_cast<double>(sent_->bytes()),
                  view_.is_empty() ? 0 : static_cast<double>(view_.arrived_bytes()), now};
        if (!is_in_first_burst()) {
            const double unused = std::min(kFirstBurst, rate_ * Seconds(rest).count());
            bucket_.save(std::max(0.0, unused - burst()));
            rate_changed_at_ = sent_->bytes();
        }
    }
    if (!view_.is_empty() && unanswered_since_ < view_.heard_at()) unanswered_since_ = now;
    last_left_ = now;
    const bool is_behind = bucket_.is_behind() && !is_in_first_burst();
    was_paced_ = std::exchange(was_held_, false) || is_behind;
    bucket_.take(static_cast<double>(bytes));
    return was_paced_;
}

// Goes on without reports that do not come: the receiver is gone, or an older program, or the way
// back is cut.
void PathPace::look_at_silence(Instant now) {
    if (state_ == State::first_burst && view_.is_empty()) {  // on a remembered path
        if (now - *held_since_ < kWaitForReport) return;
        state_ = State::unheard;
        set_rate(std::min(rate_, limits_.unheard));
        bucket_.clear();
        return;
    }
    const Duration silent = now - unanswered_since_;
    if (view_.is_empty() || sent_->bytes() == view_.acknowledged()) {
        if (state_ == State::unheard && silent >= kForgetRate) set_rate(limits_.unheard);
        return;
    }
    const Seconds patience = 4 * (view_.round_trip() + view_.interval());
    if (silent < std::clamp<Seconds>(patience, kWaitForReport, kMostPatience)) return;
    if (unanswered_since_ < view_.heard_at()) return;
    state_ = State::unheard;
    set_rate(std::min(rate_ / 2, limits_.unheard));
    view_.begin_anew();
}

bool PathPace::heard(const wire::Report& report, Instant now) {
    if (!view_.heard(report, *sent_, now)) return false;
    if (is_in_first_burst()) {
        if ((held_since_ && in_flight() <= kTrainRest) || is_overrun(view_)) start(now);
    } else if (state_ == State::first_burst || state_ == State::unheard) {
        start(now);
    } else {
        adjust(now);
    }
    return true;
}

void PathPace::start(Instant now) {
    const bool is_remembered = state_ == State::first_burst && memory_;
    double carried = rate_;
    if (const auto train = view_.train(kTrainBytes); train && is_in_first_burst()) {
        const Shown shown = shown_by(*train);
        set_rate(train->was_together ? shown.rate : std::max(rate_, shown.rate));
        carried = std::max(rate_, shown.carried);
        // Others fill the queue.
        const double arrived = static_cast<double>(view_.arrived_bytes()) - burst_.arrived;
        const double left = static_cast<double>(view_.acknowledged()) - burst_.sent;
        if (left - arrived > kMostLostAtStart) {
            set_rate(std::min(rate_, arrived / Seconds(now - burst_.at).count()));
        }
        carried_ = rate_;
        unproven_until_ = sent_->bytes() + kProofBytes;
    }
    state_ = State::growing;
    if (is_remembered) {
        growth_.begin_remembered(memory_->rate);
    } else {
        growth_.begin(carried);
        bucket_.clear();
    }
    drain_.schedule(now);
    adjusted_at_ = now;
    rate_changed_at_ = sent_->bytes();
}

// A busy receiver can see the first burst arrive much faster than the path took it. The second
// burst leaves at the rate that the first showed. If it arrives more slowly, its rate counts. A
// memory counts unless the first burst arrived more slowly than noise explains, or much faster.
void PathPace::prove() {
    if (!unproven_until_ || view_.acknowledged() < *unproven_until_) return;
    unproven_until_.reset();
    const auto remembered = std::exchange(memory_, std::nullopt);
    const auto train = view_.train(kTrainBytes);
    if (!train || !train->was_together) return;
    const double rate = rate_of(*train, kTrainNoise);
    const double late = kTrainBytes / train->rate - kTrainBytes / rate_;  // seconds
    const bool is_slower = remembered ? late > kTrainNoise.count() : rate < rate_;
    const bool is_faster = remembered && rate > kMuchFaster * remembered->rate;
    if (!is_slower && !is_faster) return;
    if (is_faster) unproven_until_ = sent_->bytes() + kProofBytes;
    set_rate(rate);
    carried_ = rate_;
    growth_.begin(rate_of(*train, kLikelyTrainNoise));
    rate_changed_at_ = sent_->bytes();
}

void PathPace::adjust(Instant now) {
    const bool was_judging = memory_.has_value();
    prove();
    // The bytes that arrived so far may have passed a token bucket, or had left before the memory counted.
    if (was_judging || unproven_until_) return;
    const auto flow = view_.flow(std::clamp(view_.round_trip(), kLeastWindow, kMostWindow));
    if (!flow) return;
    is_limited_by_reader_ = respect_reader(*flow, now);
    if (is_limited_by_reader_) return;
    const Seconds aim = kQueueTime + Seconds(share_.bytes() / std::max(flow->arrived, kLeastRate));
    const Seconds seen = std::max(kNoise, kSeenShare * aim);
    const Seconds empty =
        kQueueTime + Seconds(QueueShare::kUsual / std::max(flow->arrived, kLeastRate));
    if (drain_.looks(view_, std::max(kNoise, kSeenShare * empty), now)) {
        adjusted_at_ = now;
        rate_changed_at_ = sent_->bytes();
        return;
    }
    compete();
    const bool was_growing = state_ == State::growing;
    const bool is_plain = was_growing && view_.last_queue() > kPlainlySeen * seen;
    const bool is_queued = view_.queue() > seen || is_plain;
    share_.respond(is_queued && view_.has_new_loss(), state_ == State::competing,
                   view_.acknowledged(), sent_->bytes());
    if (state_ != State::competing) state_ = is_queued ? State::steady : State::growing;
    if (state_ != State::growing) {
        hold_queue(*flow, was_growing, now);
    } else if (view_.last_queue() <= seen) {
        grow(*flow, now);
    }
    adjusted_at_ = now;
}

// Another stream that keeps the queue full leaves no room to a stream that avoids queues.
void PathPace::compete() {
    const int before = std::exchange(times_empty_, drain_.times_empty());
    const bool was_emptied = times_empty_ != before;
    if (state_ != State::competing && drain_.is_in_vain()) {
        state_ = State::competing;
        view_.keep_base(true);
    } else if (state_ == State::competing && was_emptied) {
        share_.halve();
        if (share_.bytes() > QueueShare::kUsual && !drain_.is_alone()) return;
        share_.reset();
        state_ = State::steady;
        view_.keep_base(false);
    }
}

// Keeps the receiver's buffer from overflowing. Returns whether the buffer limits the stream.
bool PathPace::respect_reader(const PathView::Flow& flow, Instant now) {
    const double fill = view_.buffer_fill();
    if (view_.has_new_drops()) {
        set_rate(std::min(rate_, flow.read) * kReaderCut);
        growth_.pause_until(now + kReaderPause);
    } else if (fill > kReaderFull) {
        set_rate(std::min(rate_, flow.read * (1 + kReaderFills - fill)));
    } else if (fill <= kReaderFills) {
        return false;
    }
    growth_.begin(flow.read);
    rate_changed_at_ = sent_->bytes();
    carried_ = rate_;
    return true;
}

void PathPace::grow(const PathView::Flow& flow, Instant now) {
    if (!flow.is_paced || view_.acknowledged() < rate_changed_at_) return;
    const auto next = growth_.next(rate_, view_.round_trip() + view_.interval(), now);
    if (!next) return;
    carried_ = std::max(carried_, std::min(rate_, flow.arrived));
    set_rate(*next);
    rate_changed_at_ = sent_->bytes();
}

// As much as arrives, corrected by what the queue has too much or too little. The last step of
// growth was too high, so its rate ends at once.
void PathPace::hold_queue(const PathView::Flow& flow, bool is_end_of_growth, Instant now) {
    const double arrived = flow.arrived * (1 + std::min(flow.lost, kRandomLoss));
    const double missing = share_.bytes() + (kQueueTime - flow.queue).count() * arrived;
    const Seconds time = std::max(kLeastCorrection, 3 * (view_.round_trip() + view_.interval()));
    double aim = std::clamp(arrived + missing / time.count(), arrived / 2, 2 * arrived);
    // A writer that puts less than the rate says nothing about the rate, unless less arrives.
    if (!flow.is_paced && flow.arrived > kAllArrives * flow.sent) aim = std::max(aim, rate_);
    const bool is_urgent = (is_end_of_growth && aim < rate_) || flow.arrived < kFall * rate_;
    const double share = is_urgent ? 1 : std::min(1.0, Seconds(now - adjusted_at_) / kSmoothing);
    set_rate(rate_ + share * (aim - rate_));
    growth_.begin(flow.arrived);
    rate_changed_at_ = sent_->bytes();
    carried_ = view_.flow(kMemoryWindow)->arrived;
}

PathPace::Limit PathPace::limit() const {
    if (is_limited_by_reader_) return Limit::reader;
    if (state_ == State::steady || state_ == State::competing) return Limit::path;
    if (limits_.most > 0 && rate_ >= limits_.most) return Limit::setting;
    return was_paced_ ? Limit::path : Limit::none;
}

// The present rate says less than what arrived: it is above what the path takes after a drain, and
// below while a queue is too long.
std::optional<PathPace::Memory> PathPace::memory() const {
    const bool is_known = state_ != State::first_burst && state_ != State::unheard;
    if (!is_known || view_.is_empty() || unproven_until_ || carried_ == 0) return std::nullopt;
    return Memory{carried_, view_.least_round_trip()};
}

}  // namespace mailslot
