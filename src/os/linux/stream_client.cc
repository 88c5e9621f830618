#include "os/stream_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "os/linux/network_error.h"

namespace mailslot::os {

Result<StreamClient> StreamClient::connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return network_error("path", ENAMETOOLONG);
    std::memcpy(address.sun_path, path.data(), path.size());
    GuardedFd fd = GuardedFd::make(
        [] { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
    if (!fd) return network_error("socket", errno);
    if (::connect(fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return network_error("connect", errno);
    }
    return StreamClient(std::move(fd));
}

bool StreamClient::send(Bytes bytes) {
    return ::send(fd_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(bytes.size());
}

bool StreamClient::receive(std::vector<std::byte>& to, std::size_t at_most) {
    const std::size_t before = to.size();
    to.resize(before + at_most);
    const ssize_t count = recv(fd_.number(), to.data() + before, at_most, MSG_DONTWAIT);
    to.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count > 0) return true;
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace mailslot::os
