// When an office counts as one that does not answer: docs/office.md, "An office that does not
// answer". Pure: what a deputy sees is handed in.
#pragma once

#include <chrono>
#include <cstdint>

namespace mailslot::post {

class Vigil {
public:
    static constexpr std::chrono::milliseconds kLookEvery{250};
    // A second in all: longer than an office waits for anything while it works.
    static constexpr int kLooksInVain = 4;

    enum class Next : std::uint8_t {
        sleep,       // until something arrives
        look_again,  // after kLookEvery
        replace,     // the office does not answer
    };
    // `something_waits`: for the office, unread.
    Next look(bool something_waits, std::uint32_t beats);

private:
    std::uint32_t beats_ = 0;
    bool has_looked_ = false;
    int in_vain_ = 0;  // looks in a row at which something waited and the pulse stood
};

}  // namespace mailslot::post
