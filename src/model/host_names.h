// The names of one machine, and how others may write them: docs/names.md, "Names of a machine".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/settings.h"

namespace mailslot {

// Separates the names in the `to` of a direct frame. No place of an address holds a zero byte.
inline constexpr char kBetweenNames = '\0';

// A host or a domain as it is compared: folded, and without the dot that may end a full name. Text
// that is not UTF-8 stays as it is.
std::string host_key(std::string_view text);

// Whether the text is one of the names by which a machine means itself: "localhost" and the like.
bool is_localhost(std::string_view key);

class HostNames {
public:
    HostNames() = default;
    explicit HostNames(const Settings& settings)
        : HostNames({settings.host, settings.full_host}, settings.host_aliases) {}
    HostNames(const HostName& name, const std::vector<std::string>& aliases);

    // Whether `key` is a name of this machine: the whole name, its part up to the first dot, or
    // that part with ".local" behind it.
    bool has(std::string_view key) const;
    // The same, and full names that begin with a name of this machine where it does not know its
    // domain. These may be another machine's as well.
    bool may_have(std::string_view key) const;

private:
    struct Name {
        std::string whole, first;  // "ALPHA.EXAMPLE.COM" and "ALPHA"
        bool has_domain() const;
    };
    void add(std::string_view text);

    std::vector<Name> names_;
};

}  // namespace mailslot
