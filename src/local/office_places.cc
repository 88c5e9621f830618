// Several post offices in one folder: docs/slot-folder.md, "Several networks".

#include <algorithm>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/hex.h"
#include "local/slot_folder.h"

namespace mailslot::local {
namespace {

constexpr std::string_view kMark = "mailslot office 1";
// Longer than a process needs to write its mark after it has the lock.
constexpr std::chrono::milliseconds kMarkIsWritten{2};
constexpr std::string_view kLockPrefix = "office-", kLockSuffix = ".lock";

std::string_view next_line(std::string_view& rest) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

std::uint64_t number_in(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return number;
}

bool is_locked(const std::string& path) {
    if (!os::file_at(path)) return false;
    const auto lock = os::try_lock_file(path);
    return lock && !*lock;
}

// Returns whether the plain names are for processes of another network. Readers leave mailslotd's
// names to its network even while it does not run.
bool is_for_others(const SlotFolder& plain, const NetworkId& network, bool is_daemon) {
    const auto mark = plain.office_mark();
    if (!mark || may_be_one(mark->network, network)) return false;
    return (mark->is_daemon && !is_daemon) || is_locked(plain.office_lock_path());
}

}  // namespace

std::string SlotFolder::office_name(const NetworkId& network) {
    return "-" + hex_of(network.cookie != 0 ? network.cookie : network.inode);
}

std::vector<std::string> SlotFolder::office_names() const {
    std::vector<std::string> names;
    for (const std::string& file : os::list_folder(dir_)) {
        if (!file.starts_with(kLockPrefix) || !file.ends_with(kLockSuffix)) continue;
        const std::size_t begin = kLockPrefix.size() - 1;  // the hyphen is part of the name
        names.push_back(file.substr(begin, file.size() - kLockSuffix.size() - begin));
    }
    return names;
}

SlotFolder SlotFolder::of_network(const NetworkId& network, bool is_daemon) const {
    const SlotFolder plain = with_office({});
    if (!network.is_known()) return plain;
    for (const std::string& name : office_names()) {
        const SlotFolder other = with_office(name);
        const auto mark = other.office_mark();
        if (mark && may_be_one(mark->network, network) && is_locked(other.office_lock_path())) {
            return other;
        }
    }
    if (!is_for_others(plain, network, is_daemon)) return plain;
    // The mark may be that of a dead office whose lock another process has just taken.
    std::this_thread::sleep_for(kMarkIsWritten);
    if (!is_for_others(plain, network, is_daemon)) return plain;
    return with_office(office_name(network));
}

std::vector<SlotFolder> SlotFolder::offices_for(const NetworkId& network) const {
    std::vector<SlotFolder> all;
    for (const std::string& name : office_names()) {
        const SlotFolder other = with_office(name);
        const auto mark = other.office_mark();
        const bool is_ours =
            mark ? may_be_one(mark->network, network) : name == office_name(network);
        if (is_ours) all.push_back(other);
    }
    const SlotFolder plain = with_office({});
    const auto mark = plain.office_mark();
    if (!mark || mark->is_daemon || may_be_one(mark->network, network)) all.push_back(plain);
    return all;
}

Result<void> SlotFolder::write_office_mark(const os::GuardedFd& lock,
                                           const OfficeMark& mark) const {
    std::string text(kMark);
    text += '\n' + hex_of(mark.network.cookie) + '\n' + hex_of(mark.network.inode) + '\n';
    text += mark.is_daemon ? "mailslotd\n" : "reader\n";
    return os::overwrite_file(lock, text);
}

std::optional<OfficeMark> SlotFolder::office_mark() const {
    const auto text = os::read_small_file(office_lock_path());
    if (!text || !*text) return std::nullopt;
    std::string_view rest = **text;
    if (next_line(rest) != kMark) return std::nullopt;
    OfficeMark mark;
    mark.network.cookie = number_in(next_line(rest));
    mark.network.inode = number_in(next_line(rest));
    mark.is_daemon = next_line(rest) == "mailslotd";
    return mark;
}

void SlotFolder::sweep_offices() const {
    for (const std::string& name : office_names()) {
        const SlotFolder other = with_office(name);
        if (name == office_) continue;
        const auto lock = os::try_lock_file(other.office_lock_path());
        if (!lock || !*lock) continue;
        os::remove_socket(other.office_socket_path());
        os::remove_socket(other.takeover_socket_path());
        os::remove_file(other.office_lock_path());
    }
}

}  // namespace mailslot::local
