// Datagrams that Samba's nmbd on this machine got and has no use for: it has bound the machine's
// addresses, so what is sent to one of them comes to it and not to us, and it hands such on by a
// Unix socket. An inner matter of Samba's, seen with 4.17 on amd64:
// docs/protocol/netbios-carrier.md, "Beside nmbd". What does not look like that is given up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mailslot/result.h"
#include "model/ip_address.h"
#include "os/stream_client.h"

namespace mailslot {

// Where Debian's nmbd has it.
inline constexpr const char* kNmbdStraysPath = "/run/samba/nmbd/unexpected";

struct Stray {
    Endpoint from{};
    std::vector<std::byte> bytes{};  // as UDP port 138 brought them
};

// The stream's content; pure.
class StrayParser {
public:
    // What asks for all datagrams.
    static std::vector<std::byte> request();
    // Takes what came. No value: it is nothing that we know.
    std::optional<std::vector<Stray>> take(Bytes bytes);

private:
    std::vector<std::byte> pending_;
    bool is_granted_ = false;
};

class NmbdStrays {
public:
    // Errors: unreachable, where no nmbd is; no_permission, no_resources.
    static Result<NmbdStrays> open(const std::string& path);

    int fd() const { return client_.fd(); }
    // What came. No value: it is over with that nmbd.
    std::optional<std::vector<Stray>> receive();

private:
    explicit NmbdStrays(os::StreamClient client) : client_(std::move(client)) {}
    os::StreamClient client_;
    StrayParser parser_{};
};

}  // namespace mailslot
