// Keeps what streams learned of their paths for later streams of this user: a file in the runtime
// folder. docs/protocol/pace.md, "Memory of paths". A memory that cannot be read or written is like
// none.
// Threads: any; several processes may use the same file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "carrier/pace/path_pace.h"
#include "carrier/udp/way.h"
#include "model/settings.h"
#include "wire/path_notes.h"

namespace mailslot {

class PathMemory {
public:
    PathMemory(const Settings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

    std::optional<PathPace::Memory> find(const Way::Course& course) const;
    void keep(const Way::Course& course, const PathPace::Memory& memory) const;

private:
    bool may_use_folder() const;
    std::string file() const { return settings_.dir + "/paths"; }
    std::vector<wire::PathNote> read() const;

    const Settings& settings_;
    const Clock& clock_;
};

}  // namespace mailslot
