// Keys with known bytes, for tests.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "trust/key_file.h"
#include "trust/keys.h"

namespace mailslot::trust {

// A key with the bytes first, first + 1, ...
inline Secret test_secret(unsigned first) {
    Secret secret = Secret::make().value();
    for (std::byte& byte : secret.fill()) byte = std::byte(first++);
    return secret;
}

inline DomainKeys test_domain(const std::string& name, unsigned current, unsigned second = 0) {
    DomainKeys keys{.domain = name, .folded = fold_domain(name).value()};
    keys.current = key_of(test_secret(current), 0);
    if (second != 0) {
        keys.second_is = Second::next;
        keys.second = key_of(test_secret(second), 0);
    }
    return keys;
}

template <class... Domains>
KeyRing test_ring(Domains&&... domains) {
    std::vector<DomainKeys> all;
    (all.push_back(std::forward<Domains>(domains)), ...);
    return KeyRing(std::move(all));
}

}  // namespace mailslot::trust
