#include "config/toml_text.h"

#include <array>
#include <cstdio>
#include <utility>

namespace mailslot {

std::string toml_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            (out += '\\') += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            std::array<char, 8> code;
            std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned char>(c));
            out += code.data();
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string toml_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const std::string& text : texts) (out += out.size() > 1 ? ", " : "") += toml_text(text);
    return out += "]";
}

std::string toml_size(std::uint64_t bytes) {
    for (const auto& [unit, shift] :
         {std::pair("GiB", 30), std::pair("MiB", 20), std::pair("KiB", 10)}) {
        const std::uint64_t one = std::uint64_t{1} << shift;
        if (bytes >= one && bytes % one == 0) {
            return toml_text(std::to_string(bytes / one) + unit);
        }
    }
    return std::to_string(bytes);
}

}  // namespace mailslot
