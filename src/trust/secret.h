// The 32 bytes of a domain's key in memory that is fenced, locked against swapping, excluded from
// core dumps and wiped when freed. Wraps libsodium for this folder.
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

// A key's public name: derived from the key, but does not reveal it.
using KeyId = std::array<std::byte, 4>;

// Threads: any, once the value is filled.
class Secret {
public:
    // Makes zeroes, to be filled.
    // Errors: no_resources.
    static Result<Secret> make();
    // Draws a key from the kernel's randomness.
    // Errors: no_resources.
    static Result<Secret> draw();
    // Errors: no_resources.
    Result<Secret> copy() const;

    std::span<std::byte, kSecretBytes> fill() {
        return std::span<std::byte, kSecretBytes>(bytes_.get(), kSecretBytes);
    }
    const std::byte* data() const { return bytes_.get(); }
    KeyId id() const;
    // Takes constant time.
    bool is_same(const Secret& other) const;
    // Returns whether all bytes are zero, which no drawn key is.
    bool is_zero() const;

private:
    struct Free {
        void operator()(std::byte* at) const;
    };
    explicit Secret(std::byte* bytes) : bytes_(bytes) {}
    std::unique_ptr<std::byte, Free> bytes_;
};

// Overwrites text that contained secrets; never optimized away.
void wipe(std::span<char> text);
// Returns whether the system lets this program lock memory (RLIMIT_MEMLOCK).
bool can_lock_memory();

}  // namespace mailslot::trust
