// The keys of the domains that this machine is in. Immutable: made once, then read by any thread.
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

// The role of a domain's second key.
enum class Second : std::uint8_t { none, next, previous };

struct DomainKeys {
    std::string domain;            // as written when the domain was made
    std::string folded{};          // as in Envelope::to
    std::optional<Key> current{};  // seals and opens; none: this user may not read the key
    Second second_is = Second::none;
    std::optional<Key> second{};  // opens
    std::string path{};           // the key file
};

class KeyRing {
public:
    KeyRing() = default;
    // `domains`: each folded name at most once.
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
    // Returns all keys with this id: a single key, unless two random keys collide.
    std::span<const Entry> with(const KeyId& id) const;

private:
    std::vector<DomainKeys> domains_;
    std::vector<Entry> by_id_;  // sorted
};

}  // namespace mailslot::trust
