// Table of the streams that a machine hears, and when their reports are due:
// docs/protocol/pace.md, "The receiver". Pure.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "carrier/pace/heard_stream.h"
#include "model/ip_address.h"
#include "wire/report.h"

namespace mailslot {

// Streams of each kind that are remembered: sealed and not, so that strangers cannot displace
// holders of a key. 1024 streams take about half a MiB.
inline constexpr std::size_t kMostHeardStreams = 1024;
// A stream that was silent this long makes room for another.
inline constexpr std::chrono::seconds kStreamKeeps{1};

class HeardStreams {
public:
    using Instant = HeardStream::Instant;

    // The source of a stream, and its destination on this machine.
    struct Course {
        std::uint64_t origin = 0;
        Endpoint from{};            // of the stream, so the destination of its reports
        IpAddress to{};             // an address of this machine
        std::string_view domain{};  // whose key seals the stream; empty: not sealed
        std::size_t socket = 0;     // that receives the stream: the caller's number
        // By which a stream to many comes; 0: to one machine. Datagrams that come by another as
        // well count once; those of a sealed stream also if they come from several addresses, since
        // a second copy is not opened.
        std::uint32_t interface = 0;
    };
    // Returns the bytes of a report's datagram for that course.
    using ReportBytes = std::function<std::size_t(const Course&)>;
    using BufferOf = std::function<HeardStream::Buffer(std::size_t socket)>;
    using Send = std::function<void(const Course&, const wire::Report&)>;

    explicit HeardStreams(std::size_t most = kMostHeardStreams) : most_(most) {}

    // Notes a datagram of a stream. Drops the note if the table is full of streams in use.
    void heard(const Course& course, const HeardStream::Arrival& arrival);
    // Returns when report() has something to do.
    std::optional<Instant> due() const { return due_; }
    // Hands over all reports that are due at `now`.
    void report(Instant now, const ReportBytes& bytes, const BufferOf& buffer, const Send& send);
    std::size_t size() const { return entries_.size(); }

private:
    struct Key {
        std::uint64_t origin = 0;
        Endpoint from{};
        bool is_sealed = false;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const;
    };
    struct Entry {
        Key key;
        Course course;
        std::string domain;  // for `course`
        HeardStream stream{};
        bool is_reported = false;  // in `reported` of its table
        bool is_waiting = false;   // in waiting_
    };
    // Entries by the time of their last datagram, the latest first.
    struct Table {
        std::list<Entry> passing;   // too little so far for a report
        std::list<Entry> reported;  // only silence removes these
    };

    static Key key_of(const Course& course);
    Entry* find(const Course& course, Instant now);
    bool make_room(Table& table, Instant now);
    void forget(std::list<Entry>& list);
    void note_due(Instant due) { due_ = due_ ? std::min(*due_, due) : due; }

    const std::size_t most_;
    Table sealed_, open_;
    std::unordered_map<Key, std::list<Entry>::iterator, Hash> entries_;
    std::vector<Entry*> waiting_;  // streams with a report to come
    std::optional<Instant> due_;
};

}  // namespace mailslot
