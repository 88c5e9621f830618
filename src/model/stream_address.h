// The address of a program of this machine that is reached over a stream socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/ip_address.h"

namespace mailslot {

struct StreamAddress {
    std::string path{};   // a socket file; or
    Endpoint endpoint{};  // on the loopback
};

// Parses "unix:/run/x.sock", "127.0.0.1:9138" or "[::1]:9138". Returns nullopt for all other texts.
std::optional<StreamAddress> parse_stream_address(std::string_view text);

}  // namespace mailslot
