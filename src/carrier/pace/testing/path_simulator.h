// Streams through a bottleneck in simulated time: a token bucket with a queue, as Linux' tbf, with
// delay, loss and noise; senders with a PathPace, receivers with a HeardStream, and a model of a
// TCP stream. The same seed gives the same run.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "carrier/pace/heard_stream.h"
#include "carrier/pace/path_pace.h"

namespace mailslot::testing {

using Nanoseconds = std::chrono::nanoseconds;
using Instant = std::chrono::steady_clock::time_point;

// Runs events in the order of their times.
class Events {
public:
    explicit Events(std::uint64_t seed) : random_(seed) {}

    Instant now() const { return now_; }
    void at(Instant when, std::function<void()> what) {
        queue_.push({std::max(when, now_), ++count_, std::move(what)});
    }
    void in(Nanoseconds time, std::function<void()> what) { at(now_ + time, std::move(what)); }
    void run_until(Instant end) {
        while (!queue_.empty() && queue_.top().when <= end) {
            Event event = queue_.top();
            queue_.pop();
            now_ = event.when;
            event.what();
        }
        now_ = end;
    }
    double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }
    Nanoseconds between(Nanoseconds least, Nanoseconds most) {
        return least + Nanoseconds(static_cast<std::int64_t>(
                           random() * static_cast<double>((most - least).count())));
    }
    // A wake-up of a virtual machine: mostly short, sometimes long.
    Nanoseconds wake_up() {
        using std::chrono::microseconds;
        return random() < 0.9 ? between(microseconds(30), microseconds(100))
                              : between(microseconds(100), microseconds(500));
    }

private:
    struct Event {
        Instant when;
        std::uint64_t number;
        std::function<void()> what;
        bool operator<(const Event& other) const {
            return when != other.when ? when > other.when : number > other.number;
        }
    };
    std::priority_queue<Event> queue_;
    std::uint64_t count_ = 0;
    Instant now_{std::chrono::hours(1)};
    std::mt19937_64 random_;
};

// tc qdisc … tbf rate, burst, limit; then a wire with a delay each way.
class Bottleneck {
public:
    struct Setting {
        double rate = 125e6;  // bytes a second
        double burst = 64 * 1024;
        double limit = 256 * 1024;
        Nanoseconds delay{};  // one way
        double loss = 0;      // at random
    };
    Bottleneck(Events& events, const Setting& setting) : events_(events), setting_(setting) {
        tokens_ = setting.burst;
    }

    void change_rate(double rate) { setting_.rate = rate; }
    Nanoseconds delay() const { return setting_.delay; }
    // Returns false if the packet was dropped.
    bool send(double bytes, std::function<void()> arrive) {
        while (!waiting_.empty() && waiting_.front().first <= events_.now()) {
            queued_ -= waiting_.front().second;
            waiting_.pop_front();
        }
        most_queued_ = std::max(most_queued_, queued_);
        if (setting_.loss > 0 && events_.random() < setting_.loss) return false;
        if (queued_ + bytes > setting_.limit) return false;
        Instant leaves = std::max(events_.now(), last_);
        tokens_ = std::min(setting_.burst, tokens_ + seconds(leaves - last_) * setting_.rate);
        if (tokens_ < bytes) {
            leaves +=
                Nanoseconds(static_cast<std::int64_t>((bytes - tokens_) / setting_.rate * 1e9) + 1);
            tokens_ = bytes;
        }
        tokens_ -= bytes;
        last_ = leaves;
        queued_ += bytes;
        waiting_.emplace_back(leaves, bytes);
        carried_ += bytes;
        events_.at(leaves + setting_.delay, std::move(arrive));
        return true;
    }
    double carried() const { return carried_; }
    double queued() const { return queued_; }
    double take_most_queued() { return std::exchange(most_queued_, 0); }

private:
    static double seconds(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }

    Events& events_;
    Setting setting_;
    double tokens_ = 0, queued_ = 0, carried_ = 0, most_queued_ = 0;
    Instant last_{std::chrono::hours(1)};
    std::deque<std::pair<Instant, double>> waiting_;
};

// A stream of ours.
class Stream {
public:
    struct Setting {
        double total = 1e18;      // bytes to send
        double sender = 2e9;      // bytes a second that the sender can make
        double reader = 2e9;      // bytes a second that the receiver can take
        double buffer = 8 << 20;  // of the receiver, in bytes as charged
        Nanoseconds begins{};
        bool has_reports = true;
        Nanoseconds noise{20'000};  // of arrival times, at most
        std::optional<PathPace::Memory> memory{};
        PathPace::Limits limits{};
    };
    static constexpr std::size_t kDatagram = 1200, kMessages = 11, kHeaders = 42;
    static constexpr std::size_t kReport = 160;

    Stream(Events& events, Bottleneck& path, const Setting& setting)
        : events_(events), path_(path), setting_(setting), pace_(setting.limits) {
        events_.in(setting.begins, [this] { try_to_send(); });
    }

    PathPace& pace() { return pace_; }
    double sent() const { return sent_; }
    double arrived() const { return arrived_; }
    double lost_share() const { return sent_ > 0 ? lost_ / sent_ : 0; }
    double lost() const { return lost_; }
    bool is_done() const { return sent_ >= setting_.total; }
    Instant done_at() const { return done_at_; }
    std::uint64_t reports() const { return reports_; }
    std::uint64_t refused() const { return refused_; }
    void stop() { setting_.total = 0; }

private:
    struct Datagram {
        std::uint64_t first;
        Instant at;
    };

    void try_to_send() {
        const std::uint64_t generation = ++generation_;
        const auto again = [this, generation] {
            if (generation == generation_) try_to_send();
        };
        if (is_done()) return;
        if (events_.now() < made_at_) return events_.at(made_at_, again);
        const auto count = std::max<std::size_t>(1, pace_.quantum() / kDatagram);
        const std::size_t bytes = count * kDatagram;
        auto wait = pace_.wait(bytes, events_.now());
        if (setting_.memory && pace_.wants_memory()) {
            pace_.remember(*setting_.memory);
            wait = pace_.wait(bytes, events_.now());
        }
        if (wait > Nanoseconds::zero()) {
            events_.in(wait + events_.wake_up(), again);
            return;
        }
        const std::uint64_t from = next_ - 1;
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t first = next_;
            next_ += kMessages;
            if (!path_.send(kDatagram + kHeaders, [this, first] { arrive(first); }))
                lost_ += kDatagram;
        }
        sent_ += static_cast<double>(bytes);
        pace_.left({from, 0}, {next_ - 1, 0}, bytes, events_.now());
        if (is_done()) done_at_ = events_.now();
        made_at_ = events_.now() + Nanoseconds(static_cast<std::int64_t>(
                                       static_cast<double>(bytes) / setting_.sender * 1e9));
        events_.at(made_at_, again);
    }

    void arrive(std::uint64_t first) {
        if (buffered_ + 2 * kDatagram > setting_.buffer) {
            ++drops_;
            lost_ += kDatagram;
            return;
        }
        buffered_ += 2 * kDatagram;
        arrivals_.push_back({first, events_.now() + events_.between({}, setting_.noise)});
        if (!is_reading_) {
            is_reading_ = true;
            events_.in(events_.wake_up(), [this] { read(); });
        }
    }

    void read() {
        std::size_t bytes = 0;
        while (!arrivals_.empty() && bytes < 256 * 1024) {
            const Datagram d = arrivals_.front();
            arrivals_.pop_front();
            buffered_ -= 2 * kDatagram;
            bytes += kDatagram;
            heard_.heard({d.first,
                          {d.first + kMessages - 1, 0},
                          kMessages,
                          kDatagram,
                          there(d.at),
                          wire::kHearsIpv4,
                          drops_});
        }
        arrived_ += static_cast<double>(bytes);
        const auto took = Nanoseconds(
            static_cast<std::int64_t>(static_cast<double>(bytes) / setting_.reader * 1e9));
        events_.in(took, [this] {
            report();
            is_reading_ = !arrivals_.empty();
            if (is_reading_) read();
        });
    }

    void report() {
        if (!setting_.has_reports) return;
        const auto report = heard_.report(
            there(events_.now()), kReport,
            {static_cast<std::uint32_t>(setting_.buffer), static_cast<std::uint32_t>(buffered_)});
        if (report) {
            ++reports_;
            events_.in(path_.delay() + events_.wake_up() / 2, [this, r = *report] {
                refused_ += !pace_.heard(r, events_.now());
                try_to_send();
            });
        }
        const auto due = heard_.due();
        const std::uint64_t generation = ++timer_generation_;
        if (!due) return;
        events_.at(std::max(here(*due), events_.now() + Nanoseconds(1000)) + events_.wake_up(),
                   [this, generation] {
                       if (generation == timer_generation_) this->report();
                   });
    }

    // The receiver's clock: another zero, 50 us fast a second.
    static constexpr Nanoseconds kOffset{123'456'789'012'345};
    Instant there(Instant now) const {
        const auto since = now.time_since_epoch();
        return Instant(since + since / 20'000 + kOffset);
    }
    Instant here(Instant there) const {
        const auto since = there.time_since_epoch() - kOffset;
        return Instant(since - since / 20'001);
    }

    Events& events_;
    Bottleneck& path_;
    Setting setting_;
    PathPace pace_;
    HeardStream heard_;
    std::uint64_t next_ = 1, generation_ = 0, timer_generation_ = 0;
    double sent_ = 0, arrived_ = 0, lost_ = 0, buffered_ = 0;
    Instant made_at_{};  // when the sender has made the next bytes
    Instant done_at_{};
    std::uint64_t reports_ = 0, refused_ = 0;
    std::deque<Datagram> arrivals_;
    bool is_reading_ = false;
    std::uint32_t drops_ = 0;
};

// A TCP stream with cubic (RFC 9438) and SACK, without delayed start: enough to fill a queue as a
// real stream does.
class Tcp {
public:
    static constexpr double kSegment = 1448, kHeaders = 66;

    Tcp(Events& events, Bottleneck& path, Nanoseconds begins = {}) : events_(events), path_(path) {
        events_.in(begins, [this] {
            epoch_ = events_.now();
            send();
        });
    }
    double arrived() const { return arrived_; }
    double window() const { return window_; }
    void stop() { is_stopped_ = true; }

private:
    void send() {
        while (!is_stopped_ && in_flight_ + 1 <= window_) {
            in_flight_ += 1;
            const std::uint64_t number = ++sent_;
            const Instant left = events_.now();
            const bool is_sent = path_.send(kSegment + kHeaders, [this, number, left] {
                arrived_ += kSegment;
                events_.in(
                    path_.delay() + events_.between(Nanoseconds(20'000), Nanoseconds(60'000)),
                    [this, number, left] { acknowledge(number, left); });
            });
            if (!is_sent) lost_.push_back(number);
        }
    }

    void acknowledge(std::uint64_t number, Instant left) {
        in_flight_ -= 1;
        const double trip = std::chrono::duration<double>(events_.now() - left).count();
        trip_ = trip_ == 0 ? trip : trip_ + (trip - trip_) / 8;
        // Three later segments arrived: lost.
        while (!lost_.empty() && lost_.front() + 3 <= number) {
            in_flight_ -= 1;
            if (lost_.front() > recovery_) reduce();
            lost_.pop_front();
        }
        if (window_ < threshold_) {
            window_ += 1;
        } else {
            const double t = std::chrono::duration<double>(events_.now() - epoch_).count();
            const double k = std::cbrt(most_ * 0.3 / 0.4);
            const double cubic = 0.4 * std::pow(t + trip_ - k, 3) + most_;
            const double reno = most_ * 0.7 + 3 * 0.3 / 1.7 * t / trip_;
            const double aim = std::max(cubic, reno);
            if (aim > window_) window_ += std::min((aim - window_) / window_, 0.5);
        }
        send();
    }

    void reduce() {
        recovery_ = sent_;
        most_ = window_;
        window_ = std::max(2.0, window_ * 0.7);
        threshold_ = window_;
        epoch_ = events_.now();
    }

    Events& events_;
    Bottleneck& path_;
    double window_ = 10, threshold_ = 1e9, most_ = 10, in_flight_ = 0, trip_ = 0, arrived_ = 0;
    std::uint64_t sent_ = 0, recovery_ = 0;
    Instant epoch_{};
    std::deque<std::uint64_t> lost_;
    bool is_stopped_ = false;
};

}  // namespace mailslot::testing
