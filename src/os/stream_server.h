// Answers short requests over stream sockets: for programs that ask now and then, such as a
// collector of metrics. Whoever asks may be anybody on this machine: who is silent or slow delays
// nobody else.
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

// A socket that listens, and its file, if it has one. Dropped, it is closed, and the file removed
// if it is still the one that was made here.
class StreamListener {
public:
    // Replaces the socket file that this user's dead server has left, and nothing else: no other
    // file, and no other user's socket. The file is for its user and group.
    // Errors: port_taken, bad_config (another file is there), no_permission, no_resources.
    static Result<StreamListener> open(const StreamAddress& address);
    StreamListener(StreamListener&&) noexcept;
    StreamListener& operator=(StreamListener&&) = delete;
    ~StreamListener() { end(); }

    int fd() const { return fd_.get(); }
    // Nobody is accepted any more, and the address is free. The descriptor stays open.
    void end();

private:
    StreamListener(GuardedFd fd, std::string path, std::optional<FileId> file)
        : fd_(std::move(fd)), path_(std::move(path)), file_(file) {}

    GuardedFd fd_;
    std::string path_;
    std::optional<FileId> file_;
    std::uint64_t generation_ = fork_generation();  // a child of fork(2) ends nothing
};

// At a time. When there are more, the caller (a user, or an address) that has most of them loses
// the one that has been silent for longest.
inline constexpr std::size_t kMostConversations = 16;

// Reads requests up to an empty line, at most 8 KiB each, and sends what `answer` makes of them: it
// gets all that are complete, and returns as many texts. Until `stop_fd` is readable. A caller has
// a second for the request, and another one to take the answer.
using StreamAnswer =
    std::function<std::vector<std::string>(std::span<const std::string_view> requests)>;
void serve_stream(int listener, int stop_fd, const StreamAnswer& answer);

}  // namespace mailslot::os
