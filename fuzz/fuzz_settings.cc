// Any text as a settings file. A refusal names the place in the file. Accepted settings, printed,
// are a file that means the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/settings_text.h"
#include "config/toml_settings.h"

using namespace mailslot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Settings settings;
    settings.host = "host", settings.dir = "/run/mailslot";  // like values from the system
    const auto taken = apply_toml(text, "fuzz.toml", settings);
    if (!taken) {
        MAILSLOT_CHECK(taken.error().code == Errc::bad_config);
        MAILSLOT_CHECK(taken.error().detail.starts_with("fuzz.toml:"));
        return 0;
    }
    const std::string printed = to_toml(settings, {});
    Settings again;
    MAILSLOT_CHECK(apply_toml(printed, "printed.toml", again));
    MAILSLOT_CHECK(to_toml(again, {}) == printed);
    return 0;
}
