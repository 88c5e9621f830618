// The keys of the domains that this machine is in. Values: made once, then only read, by any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trust/secret.h"

namespace mailslot::trust {

struct Key {
    Secret secret;
    KeyId id{};
    std::int64_t created_at = 0;  // Unix time, seconds
};
Key key_of(Secret secret, std::int64_t created_at);

// What the second key of a domain is.
enum class Second : std::uint8_t { none, next, previous };

struct DomainKeys {
    std::string domain;            // as its maker wrote it
    std::string folded{};          // as messages have it in `to`
    std::optional<Key> current{};  // seals, and opens; none: there is one that we may not read
    Second second_is = Second::none;
    std::optional<Key> second{};  // opens
    std::string path{};           // of its file
};

class KeyRing {
public:
    KeyRing() = default;
    // Each folded name once.
    explicit KeyRing(std::vector<DomainKeys> domains);
    KeyRing(KeyRing&&) = default;
    KeyRing& operator=(KeyRing&&) = default;

    bool is_empty() const { return domains_.empty(); }
    const std::vector<DomainKeys>& domains() const { return domains_; }
    const DomainKeys* find(std::string_view folded) const;

    struct Entry {
        KeyId id{};
        const Secret* secret = nullptr;
        const std::string* domain = nullptr;  // folded
    };
    // All keys with that id: one, unless two were drawn alike.
    std::span<const Entry> with(const KeyId& id) const;

private:
    std::vector<DomainKeys> domains_;
    std::vector<Entry> by_id_;  // sorted
};

}  // namespace mailslot::trust
