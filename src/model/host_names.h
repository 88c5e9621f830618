// The names of a machine, and the ways in which others may write them: docs/names.md, "Names of a
// machine".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/settings.h"

namespace mailslot {

// Separates the names in the `to` of a direct frame. A place in an address contains no zero byte.
inline constexpr char kBetweenNames = '\0';

// Returns a host or domain in the form for comparison: folded, without the dot that may end a full
// name. Text that is not UTF-8 is not changed.
std::string host_key(std::string_view text);

// Returns whether the text is a name by which every machine means itself: "localhost" and the like.
bool is_localhost(std::string_view key);

class HostNames {
public:
    HostNames() = default;
    explicit HostNames(const Settings& settings)
        : HostNames({settings.host, settings.full_host}, settings.host_aliases) {}
    HostNames(const HostName& name, const std::vector<std::string>& aliases);

    // Returns whether `key` is a name of this machine: the whole name, its part up to the first
    // dot, or that part followed by ".local".
    bool has(std::string_view key) const;
    // Like has(). If this machine does not know its domain, also true for full names that begin
    // with a name of this machine; these may be another machine's as well.
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
