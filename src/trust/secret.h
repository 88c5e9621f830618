// The 32 bytes of a domain's key, in memory of their own: fenced, locked against swapping, left out
// of core dumps, wiped before it is given back. The room's way to libsodium begins here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "mailslot/result.h"

namespace mailslot::trust {

inline constexpr std::size_t kSecretBytes = 32;

// What names a key where anybody may read: derived from it, and does not lead back to it.
using KeyId = std::array<std::byte, 4>;

// Threads: a value that nobody changes once it is filled.
class Secret {
public:
    // Zeroes, to be filled. Errors: no_resources.
    static Result<Secret> make();
    // Drawn from the kernel's randomness. Errors: no_resources.
    static Result<Secret> draw();
    // A copy. Errors: no_resources.
    Result<Secret> copy() const;

    std::span<std::byte, kSecretBytes> fill() {
        return std::span<std::byte, kSecretBytes>(bytes_.get(), kSecretBytes);
    }
    const std::byte* data() const { return bytes_.get(); }
    KeyId id() const;
    // In constant time.
    bool is_same(const Secret& other) const;
    // Nothing but zeroes is no key that anybody drew.
    bool is_zero() const;

private:
    struct Free {
        void operator()(std::byte* at) const;
    };
    explicit Secret(std::byte* bytes) : bytes_(bytes) {}
    std::unique_ptr<std::byte, Free> bytes_;
};

// Overwrites text that had secrets in it, and does so even where nobody reads it again.
void wipe(std::span<char> text);
// Whether the system lets this program lock memory (RLIMIT_MEMLOCK).
bool can_lock_memory();

}  // namespace mailslot::trust
