// Any text as a file of keys. An accepted file must mean the same after it was written anew.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "trust/key_file.h"

using namespace mailslot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto keys = trust::parse_key_file(text, "fuzz.key");
    if (!keys) {
        MAILSLOT_CHECK(keys.error().code == Errc::bad_config);
        MAILSLOT_CHECK(keys.error().detail.find("fuzz.key") != std::string::npos);
        return 0;
    }
    trust::SecretText written, again;
    trust::format_key_file(*keys, written);
    const auto back = trust::parse_key_file(written.view(), "written.key");
    MAILSLOT_CHECK(back);
    trust::format_key_file(*back, again);
    MAILSLOT_CHECK(again.view() == written.view());
    return 0;
}
