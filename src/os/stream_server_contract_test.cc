// Opening a server at a path removes only a socket that our own dead server left there.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "os/stream_server.h"

namespace mailslot::os {
namespace {

class StreamFile : public testing::Test {
protected:
    StreamFile() {
        std::string made = "/tmp/mailslot-stream-XXXXXX";
        EXPECT_NE(mkdtemp(made.data()), nullptr);
        folder_ = made;
        path_ = folder_ + "/metrics.sock";
    }
    ~StreamFile() override { std::filesystem::remove_all(folder_); }

    Result<StreamListener> open() const { return StreamListener::open({.path = path_}); }
    std::optional<Errc> error() const {
        const auto made = open();
        return made ? std::nullopt : std::optional(made.error().code);
    }
    // Leaves the socket file of a killed server.
    void leave_socket() const {
        const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un file{};
        file.sun_family = AF_UNIX;
        std::memcpy(file.sun_path, path_.data(), path_.size());
        ASSERT_EQ(bind(dead.number(), reinterpret_cast<const sockaddr*>(&file), sizeof file), 0);
    }
    static std::string text_of(const std::string& path) {
        std::ifstream file(path);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

    std::string folder_, path_;
};

TEST_F(StreamFile, is_removed_with_its_server) {
    {
        const auto made = open();
        ASSERT_TRUE(made);
        EXPECT_TRUE(std::filesystem::is_socket(path_));
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StreamFile, replaces_what_a_dead_server_left) {
    leave_socket();
    const auto made = open();
    ASSERT_TRUE(made);
    EXPECT_EQ(error(), Errc::port_taken) << "it is served";
}

TEST_F(StreamFile, leaves_every_other_file_alone) {
    std::ofstream(path_) << "precious";
    EXPECT_EQ(error(), Errc::bad_config);
    EXPECT_EQ(text_of(path_), "precious");
    std::filesystem::rename(path_, folder_ + "/file");
    std::filesystem::create_symlink(folder_ + "/file", path_);
    EXPECT_EQ(error(), Errc::bad_config);
    EXPECT_TRUE(std::filesystem::is_symlink(path_));
    EXPECT_EQ(text_of(path_), "precious");
    std::filesystem::remove(path_);
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(error(), Errc::bad_config);
    EXPECT_TRUE(std::filesystem::is_fifo(path_));
    std::filesystem::remove(path_);
    ASSERT_TRUE(std::filesystem::create_directory(path_));
    EXPECT_EQ(error(), Errc::bad_config);
    EXPECT_TRUE(std::filesystem::is_directory(path_));
}

TEST_F(StreamFile, leaves_another_users_socket_alone) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can make another user's";
    leave_socket();
    ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(error(), Errc::bad_config);
    EXPECT_TRUE(std::filesystem::is_socket(path_));
}

TEST_F(StreamFile, leaves_alone_what_came_in_its_place) {
    {
        const auto made = open();
        ASSERT_TRUE(made);
        std::filesystem::remove(path_);
        std::ofstream(path_) << "precious";
    }
    EXPECT_EQ(text_of(path_), "precious");
}

TEST_F(StreamFile, is_free_for_a_successor_once_its_server_has_ended) {
    auto first = open();
    ASSERT_TRUE(first);
    first->end();
    const auto second = open();
    ASSERT_TRUE(second);
    first->end();
    EXPECT_TRUE(std::filesystem::is_socket(path_));
}

}  // namespace
}  // namespace mailslot::os
