// A stream to many machines in simulated time: each reader is behind a bottleneck of its own, which
// the copies by all families share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "carrier/pace/group_pace.h"
#include "carrier/pace/testing/path_simulator.h"

namespace mailslot::testing {

// A machine that hears a stream and reports it.
class GroupReader {
public:
    using Report = std::function<void(std::size_t family, const wire::Report&)>;

    GroupReader(Events& events, const Bottleneck::Setting& to_it, Report report)
        : link(events, to_it), events_(events), report_(std::move(report)) {}

    // Datagrams from `first` on come by the link, as far as it takes them; `is_lost` says of each
    // whether all its copies so far were lost.
    void send(std::size_t family, std::uint64_t first, std::vector<bool>& is_lost) {
        for (std::size_t i = 0; i < is_lost.size(); ++i) {
            const std::uint64_t sequence = first + i * Stream::kMessages;
            const bool is_sent = link.send(Stream::kDatagram + Stream::kHeaders,
                                           [=, this] { arrive(family, sequence); });
            if (is_sent) is_lost[i] = false;
        }
    }

    Bottleneck link;
    double lost = 0, arrived = 0;  // bytes; a datagram arrives by the first of its copies
    std::uint64_t reports = 0;
    bool is_silent = false;

private:
    void arrive(std::size_t family, std::uint64_t first) {
        const auto at = events_.now() + events_.between({}, Nanoseconds(20'000));
        heard_[family].heard({first,
                              {first + Stream::kMessages - 1, 0},
                              Stream::kMessages,
                              Stream::kDatagram,
                              at,
                              wire::kHearsIpv4,
                              0});
        if (is_reading_[family]) return;
        is_reading_[family] = true;
        events_.in(events_.wake_up(), [this, family] { read(family); });
    }
    void read(std::size_t family) {
        is_reading_[family] = false;
        HeardStream& heard = heard_[family];
        const auto report = heard.report(events_.now(), Stream::kReport, {});
        if (report && !is_silent) {
            ++reports;
            events_.in(link.delay() + events_.wake_up() / 2,
                       [this, family, r = *report] { report_(family, r); });
        }
        const auto due = heard.due();
        const std::uint64_t timer = ++timers_[family];
        if (!due || *due <= events_.now()) return;
        events_.at(*due + events_.wake_up(), [this, family, timer] {
            if (timer == timers_[family]) read(family);
        });
    }

    Events& events_;
    const Report report_;
    std::array<HeardStream, 2> heard_{};
    std::array<bool, 2> is_reading_{};
    std::array<std::uint64_t, 2> timers_{};
};

class GroupStream {
public:
    struct Setting {
        double total = 1e18;  // bytes to send, each copy
        std::size_t families = 1;
        double sender = 2e9;  // bytes a second that the sender can make
        PathPace::Limits limits{};
        double floor = 1024 * 1024;
    };
    static constexpr std::size_t kDatagram = Stream::kDatagram, kMessages = Stream::kMessages;

    GroupStream(Events& events, const std::vector<Bottleneck::Setting>& links,
                const Setting& setting)
        : events_(events), setting_(setting), pace_(setting.limits, setting.floor) {
        for (std::size_t i = 0; i < links.size(); ++i) add(links[i]);
        try_to_send();
    }
    // One more reader joins.
    GroupReader& add(const Bottleneck::Setting& link) {
        const auto host = static_cast<std::uint8_t>(readers_.size() + 1);
        readers_.push_back(std::make_unique<GroupReader>(
            events_, link, [this, host](std::size_t family, const wire::Report& report) {
                const auto network = static_cast<std::uint8_t>(family);
                const Endpoint from{IpAddress::v4(10, 0, network, host), 17138};
                refused_ += pace_.heard(from, report, events_.now()) != GroupPace::Heard::taken;
                try_to_send();
            }));
        return *readers_.back();
    }

    GroupPace& pace() { return pace_; }
    GroupReader& reader(std::size_t index) { return *readers_[index]; }
    std::size_t readers() const { return readers_.size(); }
    double sent() const { return sent_; }
    bool is_done() const { return sent_ >= setting_.total; }
    Instant done_at() const { return done_at_; }
    std::uint64_t refused() const { return refused_; }
    double lost_share(std::size_t index) const { return readers_[index]->lost / sent_; }

private:
    void try_to_send() {
        const std::uint64_t generation = ++generation_;
        const auto again = [this, generation] {
            if (generation == generation_) try_to_send();
        };
        if (is_done()) return;
        if (events_.now() < busy_until_) return events_.at(busy_until_, again);
        const auto count = std::max<std::size_t>(1, pace_.quantum() / kDatagram);
        const std::size_t bytes = count * kDatagram;
        const auto wait = pace_.wait(bytes, events_.now());
        if (wait > Nanoseconds::zero()) return events_.in(wait + events_.wake_up(), again);
        for (auto& reader : readers_) {
            std::vector<bool> is_lost(count, true);
            for (std::size_t f = 0; f < setting_.families; ++f) reader->send(f, next_, is_lost);
            for (const bool was_lost : is_lost) {
                (was_lost ? reader->lost : reader->arrived) += kDatagram;
            }
        }
        const std::uint64_t from = next_ - 1;
        next_ += count * kMessages;
        sent_ += static_cast<double>(bytes);
        pace_.left({from, 0}, {next_ - 1, 0}, bytes, events_.now());
        if (is_done()) done_at_ = events_.now();
        busy_until_ = events_.now() + Nanoseconds(static_cast<std::int64_t>(
                                          static_cast<double>(bytes) / setting_.sender * 1e9));
        events_.at(busy_until_, again);
    }

    Events& events_;
    const Setting setting_;
    GroupPace pace_;
    std::vector<std::unique_ptr<GroupReader>> readers_;
    std::uint64_t next_ = 1, generation_ = 0, refused_ = 0;
    double sent_ = 0;
    Instant done_at_{}, busy_until_{};
};

}  // namespace mailslot::testing
