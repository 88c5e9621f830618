// Helper of test_marshal.py: reads values, one a line in hex. Answers each with "ENCODING TEXT",
// our only encoding in hex and the value as text, or with "refused: WHY".
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>

#include "base/bytes.h"
#include "mailslot/value.h"
#include "wire/testing/hex.h"

using namespace mailslot;

namespace {

std::string answer(Bytes bytes) {
    std::string encoding;
    ValueWriter writer(encoding);
    if (const auto decoded = decode_value(bytes, writer); !decoded) {
        return "refused: " + decoded.error().detail;
    }
    if (!writer.is_whole()) return "not written: " + std::string(writer.problem());
    const auto text = value_to_text(bytes, std::numeric_limits<std::size_t>::max());
    return wire::to_hex(encoding) + " " + (text ? *text : "not printed: " + text.error().detail);
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) std::cout << answer(wire::from_hex(line)) << "\n";
    return std::cout.flush() ? 0 : 1;
}
