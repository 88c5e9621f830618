// What a stream learned of its path, for people and programs.
#pragma once

#include <string>
#include <string_view>

#include "carrier/carrier_writer.h"

namespace mailslot::cli {

std::string speed_text(double bytes_a_second);  // "11.2 MiB/s"
// Returns the setting's name, or "path", "reader", "none".
std::string_view limit_word(PathInfo::Limit limit);
// Returns a text like "11.2 MiB/s, round trip 0.4 ms, limited by the path".
std::string path_text(const PathInfo& path);

}  // namespace mailslot::cli
