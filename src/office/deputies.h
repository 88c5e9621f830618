// Deputies, and all that the office has lent them: docs/office.md, "An office that does not
// answer".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carrier/carrier.h"
#include "inbox/inbox.h"
#include "office/office_pulse.h"

namespace mailslot::office {

// Each deputy takes a descriptor for each socket, and wakes when something arrives after a pause.
inline constexpr std::size_t kMostDeputies = 8;
// Up to three descriptors each, in every deputy.
inline constexpr std::size_t kMostLentSlots = 64;
// Bounds the sockets that a deputy takes; more than any office has.
inline constexpr std::size_t kMostLentSockets = 64;

// Threads: the station's only.
class Deputies {
public:
    using Numbers = std::vector<std::pair<std::string, std::uint32_t>>;

    // Lets the office's process give a deputy access to a slot.
    // Errors: closed, no_resources.
    struct SlotLender {
        std::function<Result<inbox::WriterPass>()> lend{};
        std::function<void(std::uint32_t number)> take_back{};
        os::Handle liveness = os::kNoHandle;
    };

    bool has_any() const { return !deputies_.empty(); }
    bool has(os::Handle connection) const { return deputies_.contains(connection); }
    // Returns false if there are enough deputies, no memory for a pulse, or no way to reach the
    // process.
    bool appoint(os::Handle connection);
    void dismiss(os::Handle connection);  // forgets the deputy and takes its numbers back

    void lend_socket(os::Handle connection, std::string_view carrier,
                     const ListeningSocket& socket) const;
    void lend_slot(const std::string& key, const SlotLender& lender);  // to all deputies
    void take_slot_back(const std::string& key);
    // Lends a new deputy the slots that were lent so far.
    void lend_slots_to(os::Handle connection);
    // Returns the writer numbers that deputies have in our slots, and forgets them. While a deputy
    // is the office it may be using its numbers, so bury none then.
    Numbers take_numbers();

    std::vector<os::Handle> connections() const;
    void beat();

private:
    struct Lent {
        std::string key;
        std::uint32_t number;
    };
    void lend_slot_to(os::Handle connection, const std::string& key, const SlotLender& lender);

    std::optional<OfficePulse> pulse_;
    std::map<os::Handle, std::vector<Lent>> deputies_;
    std::map<std::string, SlotLender, std::less<>> lenders_;
};

}  // namespace mailslot::office
