#include "local/slot_folder.h"

#include <sodium.h>

#include <array>
#include <charconv>

#include "base/hex.h"
#include "os/failure.h"
#include "os/local_socket.h"

namespace mailslot::local {
namespace {

constexpr std::string_view kEntryMark = "mailslot 1";
constexpr std::size_t kHashBytes = 16;  // collisions are expected after some 2^64 names

// Fields of an entry end with NUL, the only byte that no name contains.
std::string_view next_field(std::string_view& rest) {
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) return {};
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return field;
}

// Returns whether a process listens there.
bool is_alive(const std::string& socket_path) {
    const auto connection = os::connect_local(socket_path);
    return connection || connection.error().code != Errc::no_such_slot;
}

// Returns the file name of a slot: a hash, because slot names may be longer and contain bytes that
// file names may not.
std::string file_of(std::string_view key) {
    std::array<unsigned char, kHashBytes> hash;
    crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(key.data()),
                       key.size(), nullptr, 0);
    std::array<char, 2 * kHashBytes + 1> hex;
    sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
    return hex.data();
}

}  // namespace

Result<void> SlotFolder::prepare(unsigned mode) const {
    if (auto made = os::make_folder(dir_, mode); !made) return made;
    const unsigned inner = mode | 0500;
    if (auto made = os::make_folder(dir_ + "/slots", inner); !made) return made;
    return os::make_folder(dir_ + "/readers", inner);
}

std::string SlotFolder::reader_socket_path(std::uint64_t random) const {
    return dir_ + "/readers/" + hex_of(random) + ".sock";
}

std::string SlotFolder::guest_socket_path(std::uint32_t user, std::uint64_t random) const {
    return dir_ + "/readers/" + std::to_string(user) + '-' + hex_of(random) + ".sock";
}

std::string SlotFolder::entry_path(std::string_view key) const {
    return dir_ + "/slots/" + file_of(key);
}

std::string SlotFolder::owner_path(std::string_view key) const {
    return owners_folder() + '/' + file_of(key);
}

Result<SlotEntry> SlotFolder::read_entry(const std::string& path) const {
    const auto text = os::read_small_file(path);
    if (!text) return text.error();
    if (!*text) return Error{Errc::no_such_slot, "find slot", os::code_of(os::Failure::missing)};
    std::string_view rest = **text;
    const auto mark = next_field(rest), socket = next_field(rest), key = next_field(rest),
               name = next_field(rest);
    // The socket is given without its folder, so that an entry cannot point outside the folder.
    if (mark != kEntryMark || socket.empty() || socket.find('/') != std::string_view::npos) {
        return Error{Errc::no_such_slot, "find slot", 0, path + " is not an entry of a slot"};
    }
    return SlotEntry{{std::string(name), std::string(key)},
                     dir_ + "/readers/" + std::string(socket)};
}

Result<SlotEntry> SlotFolder::find(std::string_view key) const {
    auto entry = read_entry(entry_path(key));
    if (entry && entry->name.key != key) return Error{Errc::no_such_slot, "find slot"};
    return entry;
}

Result<void> SlotFolder::claim(const SlotName& name, const std::string& socket_path) const {
    auto lock = os::lock_file(dir_ + "/lock");
    if (!lock) return lock.error();
    const std::string path = entry_path(name.key);
    if (const auto entry = read_entry(path)) {
        if (is_alive(entry->socket_path)) {
            return Error{Errc::slot_exists, "create slot", 0, name.text};
        }
        os::remove_socket(entry->socket_path);
    }
    std::string text;
    for (const std::string_view field :
         {kEntryMark, std::string_view(socket_path).substr(socket_path.rfind('/') + 1),
          std::string_view(name.key), std::string_view(name.text)}) {
        text += field;
        text += '\0';
    }
    return os::write_small_file(path, text, 0644);
}

void SlotFolder::release(const SlotName& name, const std::string& socket_path) const {
    // If the lock cannot be had (no memory, no time), the entry stays, and is dead after the
    // process.
    const auto lock = os::lock_file(dir_ + "/lock");
    const std::string path = entry_path(name.key);
    const auto entry = read_entry(path);
    if (lock && entry && entry->socket_path == socket_path) os::remove_file(path);
}

std::vector<SlotEntry> SlotFolder::list() const {
    std::vector<SlotEntry> entries;
    for (const std::string& file : os::list_folder(dir_ + "/slots")) {
        if (auto entry = read_entry(dir_ + "/slots/" + file)) entries.push_back(std::move(*entry));
    }
    return entries;
}

std::optional<std::uint32_t> guest_of(std::string_view socket_path) {
    const std::string_view file = socket_path.substr(socket_path.rfind('/') + 1);
    std::uint32_t user = 0;
    const auto [at, error] = std::from_chars(file.data(), file.data() + file.size(), user);
    const bool is_guests = error == std::errc() && at != file.data() + file.size() && *at == '-';
    return is_guests ? std::optional(user) : std::nullopt;
}

std::vector<SlotEntry> all_entries(const std::vector<SlotFolder>& folders) {
    std::vector<SlotEntry> all;
    for (const SlotFolder& folder : folders) {
        for (SlotEntry& entry : folder.list()) all.push_back(std::move(entry));
    }
    return all;
}

}  // namespace mailslot::local
