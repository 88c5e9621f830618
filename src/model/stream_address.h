// Where a program of this machine is reached over a stream socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/ip_address.h"

namespace mailslot {

struct StreamAddress {
    std::string path{};   // of a socket file; or
    Endpoint endpoint{};  // on the loopback
};

// "unix:/run/x.sock", "127.0.0.1:9138", "[::1]:9138". No value: anything else.
std::optional<StreamAddress> parse_stream_address(std::string_view text);

}  // namespace mailslot
