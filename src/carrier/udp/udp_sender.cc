#include "carrier/udp/udp_sender.h"

#include <algorithm>
#include <thread>

#include "os/failure.h"
#include "trust/seal.h"
#include "wire/frame.h"

namespace mailslot {
namespace {

using std::chrono::milliseconds;
using Family = IpAddress::Family;

// A full socket buffer drains at the speed of the link: in 1 ms about ten datagrams on 100 Mbit/s.
constexpr milliseconds kWait{1};
constexpr milliseconds kWaitForPeer{100};  // for a peer's address, at a writer's first message
constexpr int kWaitsWithoutProgress = 5;   // then a full buffer counts as stuck
constexpr int kWaitsOfOneSend = 200;       // enough for the largest message on a slow link
// The longest that the datagrams of a send wait for their turns: WaitForTurn::briefly, and
// as_needed. The latter is 300 ms for the first report, and then a piece at 650 KB a second.
constexpr milliseconds kWaitForTurn{100}, kWaitLongForTurn{400};

// A neighbour answers within a millisecond, by radio within 100; a lost question is repeated after
// a second. A machine that is switched off never answers, and must not hold up the others for long.
constexpr milliseconds kWaitForNeighbour{1200}, kWaitForNeighbourOfMany{100};
constexpr std::chrono::microseconds kLookAtNeighbour{100};  // interval of checks
// An end frame normally fits into the reserved part of the queue; this is for a way with a shared
// socket.
constexpr int kWaitsForEnd = 30;
// Maximum age of the list of interfaces if the system reports no changes.
constexpr std::chrono::seconds kListAgain{1};

std::string name_in(std::span<const os::Interface> interfaces, std::uint32_t index) {
    const auto found = std::ranges::find(interfaces, index, &os::Interface::index);
    return found == interfaces.end() ? std::string() : found->name;
}

// Explains why nothing leaves, if the system's own words could mean many things.
Error unreachable(int os_code) {
    Error error{Errc::unreachable, "send", os_code};
    const os::Failure failure = os::failure_of(os_code);
    if (failure == os::Failure::forbidden)
        error.detail = "the firewall of this machine blocks sending";
    if (failure == os::Failure::no_address)
        error.detail = "this machine has no address to send from yet";
    return error;
}

}  // namespace

std::size_t UdpSender::max_frame_bytes() const {
    const bool seals = settings_.keys && !settings_.keys->ring()->is_empty();
    return seals ? trust::kMaxPlainBytes : kMaxDatagramBytes;
}

Result<std::size_t> UdpSender::send(const Destination& to, std::span<const Envelope> messages) {
    if (auto chosen = sealer_.choose(to); !chosen) return chosen.error();
    const std::size_t most = sealer_.max_frame_bytes();
    if (auto fits = check_messages(to, messages, most); !fits) return fits.error();
    if (messages.empty()) return 0;
    keeps_rest_ = to.keeps_rest;
    wait_for_turn_ = to.wait_for_turn;
    if (auto found = find_ways(to.address); !found) return found.error();
    std::size_t taken = 0;
    for (Unpacked rest{messages}; !rest.is_empty();) {
        const std::size_t done = messages.size() - rest.messages.size();
        piece_.fill(to, rest, most);
        const auto datagrams = piece_.datagrams();
        if (messages[0].kind == Kind::end) {
            if (send_end(datagrams) == 0) return no_way_out();
            return 1;
        }
        const std::size_t left = send_batch(datagrams);
        taken = done + piece_.messages_in(left);
        if (left < datagrams.size()) break;
    }
    if (taken == 0) return no_way_out();
    return taken;
}

Result<std::size_t> UdpSender::send_packed(const Destination& to, std::span<const Bytes> frames) {
    if (frames.empty()) return 0;
    if (auto chosen = sealer_.choose(to); !chosen) return chosen.error();
    keeps_rest_ = to.keeps_rest;
    wait_for_turn_ = to.wait_for_turn;
    if (auto found = find_ways(to.address); !found) return found.error();
    const std::size_t left = send_batch(frames);
    if (left == 0 && !is_early_) return no_way_out();
    return left;
}

std::vector<WayInfo> UdpSender::ways() const {
    return ways_.info([this](const Way& way) {
        const auto path = path_ ? path_->info(way) : std::nullopt;
        return path || !group_ ? path : group_->info(way);
    });
}

// Chooses whose pace the current send keeps. An address that may be on any of several links has no
// path of its own.
void UdpSender::choose_path() {
    stream_ = nullptr;
    const auto ways = ways_.in_use();
    if (!may_pace_path_) return;
    if (is_to_many_ && !is_at_home()) {
        if (!group_) group_.emplace(settings_);
        group_->begin(ways, sealer_.domain());
        stream_ = &*group_;
    } else if (!is_to_many_ && ways.size() == 1) {
        if (!path_) path_.emplace(settings_);
        path_->begin(*ways.front(), sealer_.domain());
        stream_ = &*path_;
    }
}

// Returns whether the datagrams of the current send to many stay on this machine.
bool UdpSender::is_at_home() const {
    return ways_.in_use().size() <= links_.size() &&
           std::ranges::all_of(links_, &Link::is_loopback);
}

// Returns how long the datagrams of the current send may wait for their turns. A send whose time is
// over lets the caller send the rest: that does not wait again.
std::chrono::nanoseconds UdpSender::patience() const {
    if (wait_for_turn_ == WaitForTurn::never || has_waited_long_) return kWaitForTurn.zero();
    return wait_for_turn_ == WaitForTurn::briefly ? kWaitForTurn : kWaitLongForTurn;
}

// Waits as long as the pace requires. A lone datagram never waits; several could outrun their
// readers. Copies count per family, not per way: a reader hears both families, but on a single
// link. `datagrams` are the frames, sealed or not.
void UdpSender::keep_pace(std::span<const Bytes> frames, std::span<const Bytes> datagrams) {
    if (datagrams.size() < 2) return;
    std::size_t bytes = 0, copies = 0, size_before = 0;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        const std::size_t size = datagrams[i].size();
        bytes += std::max(size, kLeastMessageBytes * wire::messages_in(frames[i]));
        if (size != size_before) bytes += kApartBytes;
        size_before = size;
    }
    for (const Family family : {Family::v4, Family::v6}) {
        copies += std::ranges::any_of(ways_.in_use(),
                                      [family](const Way* way) { return way->family() == family; });
    }
    std::size_t weighed = bytes * copies * (is_to_many_ ? kWeightOfMany : 1);
    if (sealer_.seals()) weighed = weighed * kHundredthsOfSealed / 100;
    const auto wait = pacer_.count(weighed, std::chrono::steady_clock::now());
    if (wait > wait.zero()) std::this_thread::sleep_for(wait);
}

// Makes a burst wait until the link addresses of its destinations are known: the system keeps few
// datagrams until then. Returns false if the caller must wait instead.
bool UdpSender::wait_for_neighbours(std::span<const Bytes> datagrams) {
    const bool is_alone = ways_.in_use().size() == 1;
    const auto at_most = is_alone ? kWaitForNeighbour : kWaitForNeighbourOfMany;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto begun = now();
    for (Way* const way : ways_.in_use()) {
        while (way->must_wait_for_neighbour(datagrams, now(), at_most)) {
            if (keeps_rest_ && now() - begun > kWait) return false;
            std::this_thread::sleep_for(kLookAtNeighbour);
        }
    }
    return true;
}

// Sends each datagram by every way. Returns how many left by at least one way. Waits for room only
// if no way took a datagram; a full way drops its copy if another way took the datagram.
std::size_t UdpSender::send_batch(std::span<const Bytes> frames) {
    const std::span<const Bytes> datagrams = sealer_.seal(frames);
    is_held_ = !wait_for_neighbours(datagrams);
    if (is_held_) return 0;
    keep_pace(frames, datagrams);
    const auto until = clock_.now() + patience();
    has_waited_long_ = false;
    std::size_t left = 0;
    while (left < datagrams.size()) {
        const auto rest = datagrams.subspan(left);
        const std::size_t turn =
            stream_ != nullptr ? stream_->wait_for_turn(rest, until) : datagrams.size() - left;
        is_held_ = turn == 0;
        is_early_ = is_held_ && wait_for_turn_ != WaitForTurn::as_needed;
        has_waited_long_ = is_held_ && left > 0;
        if (is_held_) break;
        const std::size_t more = send_by_each(rest.first(turn));
        if (stream_ != nullptr) stream_->left(frames.subspan(left, more), rest.first(more));
        left += more;
        if (more > 0) waits_without_progress_ = 0;
        if (more == 0 && !wait_for_room()) break;
    }
    const bool is_full = std::ranges::any_of(ways_.in_use(), &Way::is_full);
    // The first datagram that left by no way counts as dropped, the rest as never put.
    if (left < datagrams.size() && !is_early_ && !(keeps_rest_ && is_full)) {
        for (Way* const way : ways_.in_use()) way->drop(1);
        count(0, ways_.in_use().size());
    }
    return left;
}

// Sends as many as the way that takes most; the other ways drop the difference.
std::size_t UdpSender::send_by_each(std::span<const Bytes> datagrams) {
    taken_.clear();
    for (Way* const way : ways_.in_use()) taken_.push_back(ways_.send(*way, datagrams));
    const std::size_t most = taken_.empty() ? 0 : *std::ranges::max_element(taken_);
    std::size_t left = 0;
    for (std::size_t i = 0; i < taken_.size(); ++i) {
        left += taken_[i];
        ways_.in_use()[i]->drop(most - taken_[i]);
    }
    count(left, most * taken_.size() - left);
    return most;
}

void UdpSender::count(std::size_t left, std::size_t dropped) {
    sent_.fetch_add(left, std::memory_order_relaxed);
    failed_.fetch_add(dropped, std::memory_order_relaxed);
}

// Waits briefly for room in any full way. Returns false if none is full or the waits are used up.
bool UdpSender::wait_for_room() {
    if (keeps_rest_ || ++waits_without_progress_ > kWaitsWithoutProgress) return false;
    std::vector<os::UdpSocket*> full;
    for (const Way* way : ways_.in_use()) {
        if (way->is_full()) full.push_back(way->socket().get());
    }
    if (full.empty() || --waits_left_ < 0) return false;
    os::UdpSocket::wait_for_room(full, kWait);
    return true;
}

// Sends the end by every way, full or not: readers use it to count the way's drops.
std::size_t UdpSender::send_end(std::span<const Bytes> frames) {
    const std::span<const Bytes> datagrams = sealer_.seal(frames);
    std::vector<Way*> rest(ways_.in_use().begin(), ways_.in_use().end());
    for (Way* const way : rest) way->use_reserve();
    std::size_t left = 0;
    for (int waits = 0; !rest.empty(); ++waits) {
        left += std::erase_if(rest, [&](Way* way) { return ways_.send(*way, datagrams) > 0; });
        const bool may_wait = std::ranges::any_of(rest, &Way::is_full) && waits < kWaitsForEnd;
        if (!may_wait) break;
        std::this_thread::sleep_for(kWait);
    }
    for (Way* const way : rest) way->drop(1);
    count(left, rest.size());
    if (path_ && stream_ == &*path_) path_->keep_memory();
    return left;
}

Result<void> UdpSender::find_ways(const IpAddress& address) {
    ways_.begin();
    waits_left_ = kWaitsOfOneSend;
    waits_without_progress_ = 0;
    is_held_ = is_early_ = false;
    const bool to_group = address.family == Family::none;
    is_to_many_ = to_group;
    // A link-local address does not name its link: without a scope it may be on any link.
    const bool on_any_link =
        address.family == Family::v6 && address.is_link_local() && address.scope_id == 0;
    if (!to_group && !on_any_link) {
        add_way(address, {}, {});
    } else {
        refresh_links();
        for (std::size_t i = 0; i < links_.size(); ++i) {
            const Link& link = links_[i];
            const os::Outlet outlet{link.interface_index, link.source};
            if (to_group) add_way(group_address(link.family), outlet, link_names_[i]);
            if (on_any_link && link.family == Family::v6) add_way(address, outlet, link_names_[i]);
        }
    }
    if (to_group && settings_.unicast_peers && reach_ == UdpReach::network) add_peers();
    if (to_group) ways_.close_others();
    if (ways_.in_use().empty()) return no_way_out();
    choose_path();
    return {};
}

// Adds the peers, which the group may not reach. A machine that hears both drops the repeats.
void UdpSender::add_peers() {
    const bool is_first = !peer_resolver_;
    if (is_first) peer_resolver_ = std::make_unique<HostResolver>(settings_, clock_);
    // Later sends use the addresses known by then.
    const auto wait = is_first ? kWaitForPeer : kWaitForPeer.zero();
    for (const IpAddress& address : peer_resolver_->resolve_peers(wait)) add_way(address, {}, {});
}

// Empty `name`: the address is the name.
void UdpSender::add_way(const IpAddress& address, const os::Outlet& outlet,
                        const std::string& name) {
    ways_.add({{address, settings_.port}, outlet}, name);
}

// Reads the list of interfaces again after changes, or every second if the system does not report
// changes. Without any list, the system chooses the interface.
void UdpSender::refresh_links() {
    const auto now = clock_.now();
    const bool is_old = !listed_ || (watch_ ? watch_->changed() : now - *listed_ >= kListAgain);
    if (!is_old) return;
    if (!watch_) {  // before reading the list, so that no change is missed
        if (auto watch = os::InterfaceWatch::open()) watch_ = std::move(*watch);
    }
    listed_ = now;
    const auto interfaces = os::list_interfaces();
    if (!interfaces) {
        links_ = links_of_the_system();
    } else if (reach_ == UdpReach::this_machine) {
        links_ = links_to_this_machine(*interfaces, settings_);
    } else {
        links_ = sending_links(*interfaces, settings_);
    }
    link_names_.clear();
    for (const Link& link : links_) {
        const std::string family = link.family == Family::v4 ? "IPv4" : "IPv6";
        const std::string name = interfaces ? name_in(*interfaces, link.interface_index) : "";
        link_names_.push_back(name.empty() ? family : name + ' ' + family);
    }
    if (!interfaces) watch_.reset();  // makes the next send read the list again
}

std::vector<Link> UdpSender::links_of_the_system() const {
    std::vector<Link> links;
    if (!settings_.interfaces.empty()) return links;  // the system must not choose other interfaces
    for (const Family family : {Family::v4, Family::v6}) {
        if (is_chosen(settings_.families, family)) links.push_back({family, 0});
    }
    return links;
}

Error UdpSender::no_way_out() const {
    if (is_held_ || std::ranges::any_of(ways_.in_use(), &Way::is_full)) {
        return Error{Errc::no_resources, "send", os::code_of(os::Failure::busy),
                     "the network is slower than the writer"};
    }
    for (const Way* way : ways_.in_use()) {
        if (way->os_code() != 0) return unreachable(way->os_code());
    }
    if (ways_.error()) return *ways_.error();
    return Error{Errc::unreachable, "send", 0, "no network interface is up"};
}

}  // namespace mailslot
