#include "trust/key_folders.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "os/folder.h"
#include "os/private_file.h"
#include "os/user.h"

namespace mailslot::trust {
namespace {

constexpr std::string_view kSuffix = ".key";
constexpr unsigned kForOthers = 077, kWritableByOthers = 022, kFolderMode = 0755;

// Root's programs may read files that root gave to a service's user.
bool is_owner_trusted(std::uint32_t owner) {
    return owner == 0 || owner == os::this_user() || os::is_root();
}

std::string octal(unsigned mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode);
    return text.data();
}

Error refused(std::string detail, Reason reason = Reason::bad_key) {
    return {Errc::bad_config, "read key", 0, std::move(detail), reason};
}

// Also trusts the owner of the folder if check_folder() accepts the folder. Root may have given it
// to a service's user; only root can have put it there, so that user's files are as good as root's.
bool is_owner_trusted(std::uint32_t owner, const std::string& folder) {
    return is_owner_trusted(owner) ||
           (os::owner_of(folder) == owner && os::check_folder(folder).has_value());
}

// Others with write access to the folder could add keys of their own.
Result<void> check_key_folder(const std::string& path, const os::FolderState& folder) {
    if (!is_owner_trusted(folder.owner, path)) {
        return refused(path + ": belongs to user " + std::to_string(folder.owner) +
                       "; keys must be in a folder of this user or of root");
    }
    if ((folder.mode & kWritableByOthers) != 0) {
        return refused(path + ": others may write to it (mode " + octal(folder.mode) +
                           "): chmod go-w '" + path + "'",
                       Reason::open_key);
    }
    return {};
}

// A file's text in memory that is wiped.
class FileText {
public:
    ~FileText() { wipe(text_); }
    std::span<char> room() { return text_; }
    std::string_view first(std::size_t size) const { return {text_.data(), size}; }

private:
    std::array<char, kMaxKeyFileBytes + 1> text_{};
};

Result<void> add_folder(const std::string& folder, std::map<std::string, DomainKeys>& domains) {
    const auto state = os::folder_state(folder);
    if (!state) {
        if (!os::file_at(folder)) return {};
        return refused(folder + ": is not a folder; keys are files in a folder");
    }
    if (auto checked = check_key_folder(folder, *state); !checked) return checked;
    const auto names = os::names_in(folder);
    if (!names && names.error().code == Errc::no_permission) return {};  // none that we can see
    if (!names) return names.error();
    for (const std::string& name : *names) {
        if (!name.ends_with(kSuffix)) continue;
        const auto folded = fold_domain(name.substr(0, name.size() - kSuffix.size()));
        if (!folded) continue;
        const std::string path = folder + "/" + name;
        auto loaded = load_key_file(path);
        if (!loaded && loaded.error().code == Errc::no_permission) {
            // A readable key is not hidden by an unreadable file in another folder.
            domains.try_emplace(*folded,
                                DomainKeys{.domain = *folded, .folded = *folded, .path = path});
            continue;
        }
        if (!loaded) return loaded.error();
        if (loaded->folded != *folded) {
            return refused(path + ": is the key of " + loaded->domain +
                           ", whose file must be named " + loaded->folded + ".key");
        }
        domains.insert_or_assign(*folded, std::move(*loaded));
    }
    return {};
}

}  // namespace

Result<DomainKeys> load_key_file(const std::string& path) {
    FileText text;
    const auto file = os::read_private_file(path, text.room());
    if (!file) return file.error();
    if (!*file) return Error{Errc::no_permission, "read key", 0, path + ": there is no such file"};
    if (!(*file)->is_regular || (*file)->size > kMaxKeyFileBytes) {
        return refused(path + ": this is not a key file");
    }
    const auto slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash);
    if (!is_owner_trusted((*file)->owner, folder)) {
        return refused(path + ": belongs to user " + std::to_string((*file)->owner) +
                       "; a key must belong to this user or to root: chown it, or copy it");
    }
    if (((*file)->mode & kForOthers) != 0) {
        return refused(path + ": others may read it (mode " + octal((*file)->mode) +
                           "): chmod 600 '" + path + "', and consider a new key",
                       Reason::open_key);
    }
    auto keys = parse_key_file(text.first((*file)->size), path);
    if (keys) keys->path = path;
    return keys;
}

Result<KeyRing> load_keys(const std::vector<std::string>& folders) {
    std::map<std::string, DomainKeys> domains;
    for (const std::string& folder : folders) {
        if (auto added = add_folder(folder, domains); !added) return added.error();
    }
    std::vector<DomainKeys> all;
    for (auto& [folded, keys] : domains) all.push_back(std::move(keys));
    return KeyRing(std::move(all));
}

std::uint64_t change_of(const std::vector<std::string>& folders) {
    std::uint64_t change = 0;
    for (const std::string& folder : folders) {
        const auto state = os::folder_state(folder);
        change = change * 31 + (state ? state->change : 0);
    }
    return change;
}

std::string key_path(const std::string& folder, const std::string& folded_domain) {
    return folder + "/" + folded_domain + std::string(kSuffix);
}

Result<void> save_key_file(const std::string& folder, const DomainKeys& keys, bool may_replace) {
    if (auto made = os::make_folder(folder, kFolderMode); !made) {
        Error error = made.error();
        // Here the folder of keys is wrong, not the folder of slots.
        error.step = error.code == Errc::bad_config ? "read key" : "create file";
        return error;
    }
    const auto state = os::folder_state(folder);
    if (!state) return Error{Errc::no_permission, "create file", 0, folder};
    if (auto checked = check_key_folder(folder, *state); !checked) return checked;
    SecretText text;
    format_key_file(keys, text);
    return os::write_private_file(key_path(folder, keys.folded), text.view(), may_replace,
                                  os::Belongs::to_folder_owner);
}

}  // namespace mailslot::trust
