// Randomness as a port: the kernel's, or a seeded generator for tests.
#pragma once

#include <cstdint>
#include <random>

namespace mailslot {

class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t u64() = 0;
};

// Uses getrandom(2).
// Threads: any.
class SystemRandom final : public Random {
public:
    std::uint64_t u64() override;
};

class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t u64() override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

}  // namespace mailslot
