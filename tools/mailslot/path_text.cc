#include "mailslot/path_text.h"

#include <iomanip>
#include <sstream>

namespace mailslot::cli {
namespace {

std::string one_decimal(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
}

std::string_view limit_text(PathInfo::Limit limit) {
    switch (limit) {
        case PathInfo::Limit::none:
            return "not limited";
        case PathInfo::Limit::path:
            return "limited by the path";
        case PathInfo::Limit::reader:
            return "limited by the reader";
        case PathInfo::Limit::setting:
            return "limited by send_rate";
        case PathInfo::Limit::unheard:
            return "limited by send_rate_unheard: no reports came";
        case PathInfo::Limit::floor:
            return "limited by group_floor: a reader is slower, and loses messages";
    }
    return "";
}

}  // namespace

std::string speed_text(double bytes_a_second) {
    constexpr double kMiB = 1024 * 1024;
    return one_decimal(bytes_a_second / kMiB) + " MiB/s";
}

std::string_view limit_word(PathInfo::Limit limit) {
    switch (limit) {
        case PathInfo::Limit::none:
            return "none";
        case PathInfo::Limit::path:
            return "path";
        case PathInfo::Limit::reader:
            return "reader";
        case PathInfo::Limit::setting:
            return "send_rate";
        case PathInfo::Limit::unheard:
            return "send_rate_unheard";
        case PathInfo::Limit::floor:
            return "group_floor";
    }
    return "";
}

std::string path_text(const PathInfo& path) {
    std::string text = speed_text(path.rate) + ", ";
    if (path.limit != PathInfo::Limit::unheard) {
        text += "round trip " + one_decimal(static_cast<double>(path.round_trip.count()) / 1000) +
                " ms, ";
    }
    text += limit_text(path.limit);
    if (!path.slowest.empty()) text += " (slowest: " + path.slowest + ')';
    return text;
}

}  // namespace mailslot::cli
