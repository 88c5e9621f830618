// Folders get the mode that the caller asked for, whatever the umask.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "os/folder.h"

namespace mailslot::os {
namespace {

unsigned mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
}

TEST(Folder, has_the_mode_asked_for_even_where_its_parents_were_missing) {
    std::string root = "/tmp/mailslot-folder-XXXXXX";
    ASSERT_NE(mkdtemp(root.data()), nullptr);
    const mode_t before = umask(077);
    const auto made = make_folder(root + "/a/b/c", 0751);
    const auto beside = make_folder(root + "/a/d", 0751);
    umask(before);
    ASSERT_TRUE(made && beside);
    EXPECT_EQ(mode_of(root + "/a/b/c"), 0751u);
    EXPECT_EQ(mode_of(root + "/a/d"), 0751u);
    EXPECT_EQ(mode_of(root + "/a/b"), 0755u);
    EXPECT_TRUE(make_folder(root + "/a/d", 0700));
    EXPECT_EQ(mode_of(root + "/a/d"), 0751u) << "a folder that is there stays as it is";
    std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace mailslot::os
