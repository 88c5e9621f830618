#include "office/office_search.h"

namespace mailslot::office {
namespace {

using namespace std::chrono_literals;

// When the office dies all others try at once. Some process is the office within moments, so look
// again soon.
constexpr auto kSeekAgain = 5ms;
constexpr int kQuickTries = 200;
constexpr auto kSeekSlowly = 500ms;  // something lasting is in the way
// The whole machine's daemon may be restarting, with everything that was sent meanwhile.
constexpr auto kDaemonComesBack = 150ms;

}  // namespace

void OfficeSearch::try_later() { try_in(++tries_ < kQuickTries ? kSeekAgain : kSeekSlowly); }

bool OfficeSearch::join() {
    if (at_.may_have_machines_office() && join_machines()) {
        away_until_.reset();
        return true;
    }
    if (away_until_ && at_.clock.now() < *away_until_) return false;
    is_machines_ = false;
    away_until_.reset();
    return client_.join(at_.settings.dir);
}

bool OfficeSearch::join_machines() {
    if (!client_.join(at_.settings.system_dir)) return false;
    is_machines_ = true;
    return true;
}

void OfficeSearch::note_loss() {
    has_lost_ = true;
    if (is_machines_) away_until_ = at_.clock.now() + kDaemonComesBack;
}

}  // namespace mailslot::office
