// Randomness as a port: the kernel's (os/system_random.h), or a seeded generator for tests.
#pragma once

#include <cstdint>
#include <random>

namespace mailslot {

class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t u64() = 0;
};

class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t u64() override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

}  // namespace mailslot
