#include "carrier/udp/ways.h"

#include <algorithm>
#include <utility>

#include "os/descriptors.h"

namespace mailslot {

void Ways::begin() {
    in_use_.clear();
    error_.reset();
    next_ = 0;
    ++sends_;
    forget_old_ones();
}

void Ways::add(const Way::Course& course, const std::string& name) {
    Way& way = find(course, name);
    way.used_at = sends_;
    way.begin();
    if (way.is_open() || open(way)) in_use_.push_back(&way);
}

Way& Ways::find(const Way::Course& course, const std::string& name) {
    const auto is_it = [&](const auto& way) { return way->course() == course; };
    if (next_ < ways_.size() && is_it(ways_[next_])) return *ways_[next_++];
    const auto found = std::ranges::find_if(ways_, is_it);
    next_ = static_cast<std::size_t>(found - ways_.begin()) + 1;
    if (found != ways_.end()) return **found;
    return *ways_.emplace_back(
        std::make_unique<Way>(course, name.empty() ? to_string(course.to.address) : name));
}

void Ways::close_others() {
    for (const auto& way : ways_) {
        if (way->used_at != sends_) way->close();
    }
}

// Opens the way with its own socket, else the family's shared socket, else another way's.
bool Ways::open(Way& way) {
    if (own_sockets() < kSocketsAtOnce && take_own_socket(way)) return true;
    auto& common = shared(way.family());
    if (!common) {
        auto opened = open_socket(way.family(), 0);
        if (opened) common = std::move(*opened);
        if (!opened) error_ = opened.error();
    }
    auto lent = common;
    for (const auto& other : ways_) {
        if (!lent && other->is_open() && other->family() == way.family()) lent = other->socket();
    }
    if (lent) way.open_with(std::move(lent), true);
    return way.is_open();
}

// Takes the way's last port again if that is free, because readers know a writer by its ports.
bool Ways::take_own_socket(Way& way) {
    auto opened = open_socket(way.family(), way.port());
    if (!opened || os::descriptors_run_short((*opened)->fd())) return false;
    way.open_with(std::move(*opened), false);
    return true;
}

Result<std::shared_ptr<os::UdpSocket>> Ways::open_socket(IpAddress::Family family,
                                                         std::uint16_t port) const {
    auto socket = os::UdpSocket::open_for_sending(family, hop_limit_);
    if (!socket) return socket.error();
    if (auto taken = socket->take_port(port); !taken) return taken.error();
    return std::make_shared<os::UdpSocket>(std::move(*socket));
}

std::size_t Ways::own_sockets() const {
    const auto has_own = [](const auto& way) { return way->is_open() && !way->is_shared(); };
    return static_cast<std::size_t>(std::ranges::count_if(ways_, has_own));
}

std::size_t Ways::send(Way& way, std::span<const Bytes> datagrams) {
    std::size_t left = way.send(datagrams);
    if (way.is_full() && way.is_shared() && own_sockets() < kMostSockets && take_own_socket(way)) {
        left += way.send(datagrams.subspan(left));
    }
    return left;
}

void Ways::forget_old_ones() {
    while (ways_.size() > kMostWays) {
        const auto oldest =
            std::ranges::min_element(ways_, {}, [](const auto& way) { return way->used_at; });
        if ((*oldest)->used_at + 1 >= sends_) return;  // used by the last send
        ways_.erase(oldest);
    }
}

std::vector<WayInfo> Ways::info(const PathOf& path_of) const {
    std::vector<WayInfo> all;
    for (const auto& way : ways_) {
        WayInfo one = way->info();
        one.path = path_of(*way);
        if (one.sent + one.dropped > 0) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace mailslot
