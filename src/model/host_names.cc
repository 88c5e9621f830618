#include "model/host_names.h"

#include <algorithm>

#include "model/fold.h"

namespace mailslot {
namespace {

// Multicast DNS (RFC 6762): there, every machine of the link has its name, whatever its domain.
constexpr std::string_view kLinkDomain = ".LOCAL";

// Returns the part up to the first dot. If the last part is a number, as in "10.1", the name has no
// domain, and the whole is returned.
std::string_view first_part(std::string_view key) {
    const std::size_t dot = key.find('.');
    if (dot == std::string_view::npos || dot == 0) return key;
    const std::string_view last = key.substr(key.rfind('.') + 1);
    const bool is_number = last.find_first_not_of("0123456789") == std::string_view::npos;
    return is_number ? key : key.substr(0, dot);
}

}  // namespace

std::string host_key(std::string_view text) {
    if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
    return fold(text).value_or(std::string(text));
}

bool is_localhost(std::string_view key) {
    return key == "LOCALHOST" || key == "LOCALHOST.LOCALDOMAIN" || key.ends_with(".LOCALHOST");
}

// ".local" and ".localdomain" stand for an unknown domain.
bool HostNames::Name::has_domain() const {
    const std::string_view domain = std::string_view(whole).substr(first.size());
    return !domain.empty() && domain != kLinkDomain && domain != ".LOCALDOMAIN";
}

HostNames::HostNames(const HostName& name, const std::vector<std::string>& aliases) {
    add(name.host);
    add(name.full);
    for (const std::string& alias : aliases) add(alias);
}

void HostNames::add(std::string_view text) {
    std::string key = host_key(text);
    if (key.empty()) return;
    const std::string first(first_part(key));
    names_.push_back({std::move(key), first});
}

bool HostNames::has(std::string_view key) const {
    return std::ranges::any_of(names_, [&](const Name& name) {
        if (key == name.whole || key == name.first) return true;
        return key.size() == name.first.size() + kLinkDomain.size() &&
               key.starts_with(name.first) && key.ends_with(kLinkDomain);
    });
}

bool HostNames::may_have(std::string_view key) const {
    if (has(key)) return true;
    const std::string_view first = first_part(key);
    const auto begins = [first](const Name& name) { return name.first == first; };
    const auto has_domain = [&](const Name& name) { return begins(name) && name.has_domain(); };
    return std::ranges::any_of(names_, begins) && std::ranges::none_of(names_, has_domain);
}

}  // namespace mailslot
