// Checks which memory of this process contains a key, and that none does once the key is forgotten.
// Searches all memory, like a reader of a core dump or a swapped page.
#include "trust/secret.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"
#include "trust/key_folders.h"
#include "trust/seal.h"
#include "trust/testing/test_keys.h"

namespace mailslot::trust {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

// A memory mapping of this process, from smaps (proc(5)).
struct Region {
    std::uintptr_t begin = 0, end = 0;
    std::string access, flags;  // "rw-p"; " rd wr lo dd "
    bool has(std::string_view flag) const {
        return flags.find(" " + std::string(flag) + " ") != flags.npos;
    }
};

std::vector<Region> regions() {
    std::vector<Region> all;
    std::ifstream smaps("/proc/self/smaps");
    for (std::string line; std::getline(smaps, line);) {
        Region region;
        char access[5] = {};
        if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &region.begin, &region.end,
                        access) == 3) {
            region.access = access;
            all.push_back(region);
        } else if (line.starts_with("VmFlags:") && !all.empty()) {
            all.back().flags = line.substr(std::string_view("VmFlags:").size()) + " ";
        }
    }
    return all;
}

Region region_of(const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    for (const Region& region : regions())
        if (region.begin <= at && at < region.end) return region;
    return {};
}

// Bytes to search for, stored masked so that the search does not find them here.
class Needle {
public:
    static Needle of(const Secret& secret) {
        Needle needle;
        for (std::size_t i = 0; i < kSecretBytes; ++i) needle.add(secret.data()[i]);
        return needle;
    }
    // The digits of a key file.
    static Needle of_digits(const Secret& secret) {
        Needle needle;
        const auto digit = [](unsigned value) { return std::byte("0123456789abcdef"[value]); };
        for (std::size_t i = 0; i < kSecretBytes; ++i) {
            needle.add(digit(std::to_integer<unsigned>(secret.data()[i]) >> 4));
            needle.add(digit(std::to_integer<unsigned>(secret.data()[i]) & 15));
        }
        return needle;
    }
    std::size_t size() const { return masked_.size(); }
    // Visits the places of the bytes among the first `count`.
    template <class Visit>
    void find(const std::byte* bytes, std::size_t count, const Visit& visit) const {
        const int first = std::to_integer<int>(masked_[0] ^ kMask);
        for (std::size_t i = 0; i + size() <= count; ++i) {
            const void* const next = std::memchr(bytes + i, first, count - size() + 1 - i);
            if (next == nullptr) return;
            i = static_cast<std::size_t>(static_cast<const std::byte*>(next) - bytes);
            if (is_at(bytes + i)) visit(i);
        }
    }
    bool is_at(const std::byte* place) const {
        for (std::size_t i = 0; i < size(); ++i)
            if ((place[i] ^ kMask) != masked_[i]) return false;
        return true;
    }

private:
    static constexpr std::byte kMask{0xa5};
    void add(std::byte byte) { masked_.push_back(byte ^ kMask); }
    std::vector<std::byte> masked_;
};

struct Found {
    int undumped = 0, elsewhere = 0;
    bool operator==(const Found&) const = default;
};
void PrintTo(const Found& found, std::ostream* out) {
    *out << found.undumped << " in memory that is not dumped, " << found.elsewhere << " elsewhere";
}

// Searches all writable memory of this process. Skips regions far larger than any of this program,
// which belong to a sanitizer.
class Memory {
public:
    Memory()
        : window_(static_cast<std::byte*>(
              mmap(nullptr, kWindow, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))),
          memory_(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)) {}
    ~Memory() { munmap(window_, kWindow); }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    Found find(const Needle& needle) const {
        Found found;
        for (const Region& region : regions()) {
            if (!region.access.starts_with("rw") || region.end - region.begin > kLargest) continue;
            for (std::uintptr_t at = region.begin; at < region.end; at += kWindow - needle.size()) {
                const ssize_t bytes =
                    pread(memory_.number(), window_, std::min(kWindow, region.end - at), off_t(at));
                count(needle, at, bytes, region.has("dd") ? found.undumped : found.elsewhere);
            }
        }
        std::fill_n(window_, kWindow, std::byte{0});
        return found;
    }

private:
    static constexpr std::size_t kWindow = 1 << 20, kLargest = 1 << 30;

    void count(const Needle& needle, std::uintptr_t at, ssize_t bytes, int& places) const {
        const auto own = reinterpret_cast<std::uintptr_t>(window_);
        needle.find(window_, static_cast<std::size_t>(std::max<ssize_t>(bytes, 0)),
                    [&](std::size_t i) {
                        const bool is_copy = at + i >= own && at + i < own + kWindow;
                        places += is_copy ? 0 : 1;
                    });
    }

    std::byte* const window_;
    const os::UniqueFd memory_;
};

TEST(Secret, is_in_memory_that_is_fenced_and_not_dumped_and_locked_where_that_is_allowed) {
    const Secret secret = Secret::draw().value();
    const Region its = region_of(secret.data());
    EXPECT_TRUE(its.has("dd")) << "flags:" << its.flags;
    EXPECT_EQ(region_of(reinterpret_cast<const void*>(its.begin - 1)).access.substr(0, 3), "---");
    EXPECT_EQ(region_of(reinterpret_cast<const void*>(its.end)).access.substr(0, 3), "---");
    // Sanitizers intercept mlock and do nothing.
    if (!kIsSanitized) {
        EXPECT_EQ(its.has("lo"), can_lock_memory()) << "flags:" << its.flags;
    }
}

TEST(Secret, is_found_where_it_is_by_the_search_below) {
    const Memory memory;
    const Secret secret = Secret::draw().value();
    const Needle needle = Needle::of(secret);
    const std::vector<std::byte> leak(secret.data(), secret.data() + kSecretBytes);
    EXPECT_EQ(memory.find(needle), (Found{1, 1}));
    EXPECT_TRUE(needle.is_at(leak.data()));
}

TEST(Secret, is_in_its_own_memory_alone_while_it_is_used_and_nowhere_thereafter) {
    std::string keys = std::filesystem::temp_directory_path() / "mailslot-secret-XXXXXX";
    ASSERT_NE(mkdtemp(keys.data()), nullptr);
    const Memory memory;
    std::optional<Needle> bytes, digits;
    {
        Secret drawn = Secret::draw().value();
        bytes = Needle::of(drawn);
        digits = Needle::of_digits(drawn);
        DomainKeys domain{.domain = "Lab", .folded = "LAB"};
        domain.current = key_of(std::move(drawn), 1'700'000'000);
        ASSERT_TRUE(save_key_file(keys, domain, false));
        EXPECT_EQ(memory.find(*bytes), (Found{1, 0}));
        EXPECT_EQ(memory.find(*digits), (Found{0, 0}));
    }
    EXPECT_EQ(memory.find(*bytes), (Found{0, 0}));
    {
        const KeyRing ring = load_keys({keys}).value();
        const Key& key = *ring.find("LAB")->current;
        const std::vector<std::byte> frame(100);  // version 0; nothing checks it here
        std::array<std::byte, 512> sealed{};
        const Bytes datagram = seal(sealed, frame, key.secret, key.id, {1, 2, 3}, {});
        ASSERT_TRUE(open({sealed.data(), datagram.size()}, key.secret));
        EXPECT_EQ(memory.find(*bytes), (Found{1, 0}));
        EXPECT_EQ(memory.find(*digits), (Found{0, 0}));
    }
    EXPECT_EQ(memory.find(*bytes), (Found{0, 0}));
    EXPECT_EQ(memory.find(*digits), (Found{0, 0}));
    std::filesystem::remove_all(keys);
}

}  // namespace
}  // namespace mailslot::trust
