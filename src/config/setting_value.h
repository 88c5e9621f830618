// A value in a configuration file, as the table of settings takes values.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mailslot {

struct SettingValue {
    using List = std::vector<SettingValue>;
    using Table = std::vector<std::pair<std::string, SettingValue>>;

    // std::monostate: of a type that no setting has, such as a date, or text that is not UTF-8.
    std::variant<std::monostate, bool, std::int64_t, std::string, List, Table> content{};
    // Place in the file, from 1; 0 for values that come from elsewhere.
    std::uint32_t line = 0, column = 0;

    // Returns null if the value has another type.
    template <class T>
    const T* as() const {
        return std::get_if<T>(&content);
    }
};

}  // namespace mailslot
