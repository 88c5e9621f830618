#include "trust/secret.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace mailslot::trust {
namespace {

constexpr std::string_view kIdText = "mailslot key id";
constexpr std::size_t kIdHashBytes = 16;

const unsigned char* raw(const std::byte* bytes) {
    return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace

void Secret::Free::operator()(std::byte* at) const { sodium_free(at); }

Result<Secret> Secret::make() {
    // sodium_init may be called repeatedly, by any thread. sodium_malloc locks the memory if it
    // may.
    if (sodium_init() < 0) return Error{Errc::no_resources, "sodium_init"};
    auto* const bytes = static_cast<std::byte*>(sodium_malloc(kSecretBytes));
    if (bytes == nullptr) return Error{Errc::no_resources, "memory for a key"};
    sodium_memzero(bytes, kSecretBytes);
    return Secret(bytes);
}

Result<Secret> Secret::draw() {
    auto made = make();
    if (made) randombytes_buf(made->bytes_.get(), kSecretBytes);
    return made;
}

Result<Secret> Secret::copy() const {
    auto made = make();
    if (made) std::memcpy(made->bytes_.get(), bytes_.get(), kSecretBytes);
    return made;
}

KeyId Secret::id() const {
    std::array<unsigned char, kIdHashBytes> hash;
    crypto_generichash(hash.data(), hash.size(),
                       reinterpret_cast<const unsigned char*>(kIdText.data()), kIdText.size(),
                       raw(bytes_.get()), kSecretBytes);
    KeyId id;
    std::memcpy(id.data(), hash.data(), id.size());
    return id;
}

bool Secret::is_same(const Secret& other) const {
    return sodium_memcmp(bytes_.get(), other.bytes_.get(), kSecretBytes) == 0;
}

bool Secret::is_zero() const { return sodium_is_zero(raw(bytes_.get()), kSecretBytes) == 1; }

void wipe(std::span<char> text) { sodium_memzero(text.data(), text.size()); }

bool can_lock_memory() {
    const auto page = Secret::make();
    // Locking memory that is already locked does no harm.
    return page && sodium_mlock(const_cast<std::byte*>(page->data()), kSecretBytes) == 0;
}

}  // namespace mailslot::trust
