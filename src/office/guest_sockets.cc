#include "office/guest_sockets.h"

#include "os/folder.h"
#include "os/local_socket.h"

namespace mailslot::office {

Result<GuestSockets::Made> GuestSockets::make(os::Handle connection, std::uint32_t user,
                                              std::string_view earlier) {
    const bool is_plain = !earlier.empty() && earlier.find('/') == std::string_view::npos;
    const std::string old = folder_.reader_socket_path(std::string(earlier));
    if (is_plain && local::guest_of(old) == user) os::remove_file(old);
    remove_of(connection);
    const std::string path = folder_.guest_socket_path(user, random_.u64());
    auto listener = os::listen_local(path, 0666);
    if (!listener) return listener.error();
    (void)os::refuse_descriptors(listener->get());
    const std::string file = path.substr(path.rfind('/') + 1);
    files_[connection] = file;
    return Made{std::move(*listener), file};
}

bool GuestSockets::is_of(os::Handle connection, std::string_view file) const {
    const auto found = files_.find(connection);
    return found != files_.end() && found->second == file;
}

void GuestSockets::remove_of(os::Handle connection) {
    const auto found = files_.find(connection);
    if (found == files_.end()) return;
    os::remove_file(folder_.reader_socket_path(found->second));
    files_.erase(found);
}

}  // namespace mailslot::office
