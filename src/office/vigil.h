// Decides when an office counts as not answering: docs/office.md, "An office that does not
// answer". Pure: observations are handed in.
#pragma once

#include <chrono>
#include <cstdint>

namespace mailslot::office {

class Vigil {
public:
    static constexpr std::chrono::milliseconds kLookEvery{250};
    // A second in all, longer than a working office waits for anything.
    static constexpr int kLooksInVain = 4;

    enum class Next : std::uint8_t {
        sleep,       // until something arrives
        look_again,  // after kLookEvery
        replace,     // the office does not answer
    };
    // `something_waits`: unread, for the office.
    Next look(bool something_waits, std::uint32_t beats);

private:
    std::uint32_t beats_ = 0;
    bool has_looked_ = false;
    int in_vain_ = 0;  // looks in a row at which something waited and the pulse stood still
};

}  // namespace mailslot::office
