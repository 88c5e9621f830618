// To whom the office has lent what it has: docs/office.md, "An office that does not answer".
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
#include "post/office_pulse.h"

namespace mailslot::post {

// Each of them takes a descriptor for each socket, and wakes when something arrives after a pause.
inline constexpr std::size_t kMostDeputies = 8;
// Up to three descriptors each, in every deputy.
inline constexpr std::size_t kMostLentSlots = 64;
// More than any office has; a bound for what a deputy takes.
inline constexpr std::size_t kMostLentSockets = 64;

// Threads: the station's only.
class Deputies {
public:
    using Numbers = std::vector<std::pair<std::string, std::uint32_t>>;

    // How the office's own process gives a deputy a way into a slot. Errors: closed, no_resources.
    struct SlotLender {
        std::function<Result<inbox::WriterPass>()> lend{};
        std::function<void(std::uint32_t number)> take_back{};
        int liveness = -1;
    };

    bool has_any() const { return !deputies_.empty(); }
    bool has(int connection) const { return deputies_.contains(connection); }
    // Returns false if there are enough of them, or no memory for a pulse.
    bool appoint(int connection);
    void dismiss(int connection);  // it is gone

    void lend_socket(int connection, std::string_view carrier, const ListeningSocket& socket) const;
    void lend_slot(const std::string& key, const SlotLender& lender);  // to all
    void take_slot_back(const std::string& key);
    // One that has just been appointed gets the slots lent so far.
    void lend_slots_to(int connection);
    // What deputies have of our slots. They may be at work: bury none while one is the office.
    Numbers take_numbers();

    std::vector<int> connections() const;
    void beat();

private:
    struct Lent {
        std::string key;
        std::uint32_t number;
    };
    void lend_slot_to(int connection, const std::string& key, const SlotLender& lender);

    std::optional<OfficePulse> pulse_;
    std::map<int, std::vector<Lent>> deputies_;
    std::map<std::string, SlotLender, std::less<>> lenders_;
};

}  // namespace mailslot::post
