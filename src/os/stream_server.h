// Answers short requests over stream sockets, for programs that ask now and then, such as a
// collector of metrics. Any program of this machine may ask. A silent or slow caller delays no
// other caller.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mailslot/result.h"
#include "model/stream_address.h"
#include "os/folder.h"
#include "os/fork_guard.h"

namespace mailslot::os {

// A listening socket, and its file if it has one. The destructor closes the socket, and removes the
// file if it is still the one made here.
class StreamListener {
public:
    // Replaces a socket file that a dead server of this user has left, but no other file and no
    // other user's socket. The new file is for its user and group.
    // Errors: port_taken, bad_config (another file is there), no_permission, no_resources
    static Result<StreamListener> open(const StreamAddress& address);
    StreamListener(StreamListener&&) noexcept;
    StreamListener& operator=(StreamListener&&) = delete;
    ~StreamListener() { end(); }

    Handle fd() const { return fd_.get(); }
    // Accepts no more callers and frees the address. The descriptor stays open.
    void end();

private:
    StreamListener(GuardedFd fd, std::string path, std::optional<FileId> file)
        : fd_(std::move(fd)), path_(std::move(path)), file_(file) {}

    GuardedFd fd_;
    std::string path_;
    std::optional<FileId> file_;
    std::uint64_t generation_ = fork_generation();  // a child of fork(2) ends nothing
};

// Callers served at a time. If more come, the server drops, if possible, a caller that has not
// asked yet: the oldest of the user (or address) with most conversations.
inline constexpr std::size_t kMostConversations = 16;

// Reads requests up to an empty line, at most 8 KiB each, until `stop_fd` is readable. Calls
// `answer` with all complete requests, to get a text for each. A caller has a second to send the
// request, and another second to take the answer.
using StreamAnswer =
    std::function<std::vector<std::string>(std::span<const std::string_view> requests)>;
void serve_stream(Handle listener, Handle stop_fd, const StreamAnswer& answer);

}  // namespace mailslot::os
