// Datagrams for us that Samba's nmbd on this machine received. nmbd binds the machine's addresses,
// so unicast datagrams reach nmbd and not us; nmbd offers those that it cannot use on a Unix
// socket. The socket is internal to Samba, as seen with 4.17 on amd64:
// docs/protocol/netbios-carrier.md, "Beside nmbd". On anything unexpected we disconnect.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"
#include "os/stream_client.h"

namespace mailslot {

// The path in Debian's Samba.
inline constexpr const char* kNmbdStraysPath = "/run/samba/nmbd/unexpected";

struct Stray {
    Endpoint from{};
    std::vector<std::byte> bytes{};  // payload as received at UDP port 138
};

// Parses the stream; pure.
class StrayParser {
public:
    // Returns the request for all datagrams.
    static std::vector<std::byte> request();
    // Takes received bytes. Returns nullopt if they do not have the known format.
    std::optional<std::vector<Stray>> take(Bytes bytes);

private:
    std::vector<std::byte> pending_;
    bool is_granted_ = false;
};

class NmbdStrays {
public:
    // Errors: unreachable if no nmbd runs, no_permission, no_resources.
    static Result<NmbdStrays> open(const std::string& path);

    os::Handle fd() const { return client_.fd(); }
    // Returns arrived datagrams; nullopt if the connection has ended or broken the format.
    std::optional<std::vector<Stray>> receive();

private:
    explicit NmbdStrays(os::StreamClient client) : client_(std::move(client)) {}
    os::StreamClient client_;
    StrayParser parser_{};
};

}  // namespace mailslot
