#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "mailslot/result.h"

namespace mailslot {
namespace {

constexpr int kLastErrc = static_cast<int>(Errc::interrupted);

TEST(Errors, every_code_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (int code = 1; code <= kLastErrc; ++code) names.insert(to_string(static_cast<Errc>(code)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(kLastErrc));
    EXPECT_FALSE(names.contains("unknown"));
    EXPECT_EQ(to_string(static_cast<Errc>(kLastErrc + 1)), "unknown");
    EXPECT_EQ(to_string(Errc::no_such_slot), "no_such_slot");
}

TEST(Errors, a_line_for_people_says_what_failed_why_and_what_to_do) {
    struct Case {
        const char* what;
        Error error;
        const char* line;
    };
    const Case cases[] = {
        {"code alone", {Errc::timed_out}, "timed out; try again, or wait longer"},
        {"with a step", {Errc::closed, "get"}, "closed (get); open a new reader or writer"},
        {"with a detail, which says more than the step",
         {Errc::bad_name, "parse", 0, "name is empty"},
         R"(bad name: name is empty; write NAME for a slot of this machine, or \\PLACE\mailslot\NAME)"},
        {"with the system's reason",
         {Errc::port_taken, "bind", EADDRINUSE, "UDP port 17138"},
         "port taken: UDP port 17138 (bind: Address already in use); end the program that uses the "
         "port, "
         "or choose another port on all machines (MAILSLOT_PORT)"},
        {"with the system's reason and no step",
         {Errc::no_resources, "", ENOSPC},
         "no resources (No space left on device); free disk space or memory there"},
        {"a step that is no string at all",
         {Errc::closed, nullptr},
         "closed; open a new reader or writer"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.what);
        EXPECT_EQ(to_string(c.error), c.line);
    }
}

TEST(Errors, every_code_has_a_line_that_says_what_to_do) {
    for (int code = 1; code <= kLastErrc; ++code) {
        const std::string line = to_string(Error{static_cast<Errc>(code)});
        SCOPED_TRACE(line);
        const std::size_t advice = line.find("; ");
        ASSERT_NE(advice, std::string::npos);
        EXPECT_GT(line.size() - advice, 10u);
        EXPECT_EQ(line.find('\n'), std::string::npos);
    }
}

TEST(Errors, a_detail_cannot_split_the_line_or_steer_the_terminal) {
    const std::string line =
        to_string(Error{Errc::bad_name, "parse", 0, "a\nb\x1b[2Jc\x7f\u009b\u2028\u202e\x9b"});
    EXPECT_TRUE(line.starts_with(R"(bad name: a\x0ab\x1b[2Jc\x7f\x9b\u2028\u202e\x9b; )")) << line;
}

TEST(Errors, value_of_a_failed_result_throws_the_line) {
    const Result<int> failed = Error{Errc::no_such_slot, "open", 0, "LISTENER"};
    try {
        static_cast<void>(failed.value());
        FAIL() << "value() did not throw";
    } catch (const tl::bad_expected_access<Error>& thrown) {
        EXPECT_EQ(thrown.what(), to_string(failed.error()));
        EXPECT_EQ(thrown.error().code, Errc::no_such_slot);
    }
}

TEST(Errors, value_of_a_result_without_a_value_throws_only_where_it_failed) {
    Result<void>().value();
    const Result<void> failed = Error{Errc::slot_full, "put"};
    EXPECT_THROW(failed.value(), tl::bad_expected_access<Error>);
    EXPECT_THROW(Result<void>(failed).value(), tl::bad_expected_access<Error>);
}

// The advice for an error, and words that would mislead.
struct AdviceCase {
    const char* what;
    Error error;
    const char* says;
    const char* never = "access";
};

const AdviceCase kAdvice[] = {
    {"a slot of another user",
     {Errc::no_permission, "ask the reader", 0, "LOG"},
     "(access)",
     "MAILSLOT_DIR"},
    {"a slot that is not here", {Errc::no_such_slot, "find slot", 0, "LOG"}, "mailslot who"},
    {"a file", {Errc::no_permission, "create file", EACCES, "/k/LAB.key"}, "owner and the mode"},
    {"a file that cannot be read", {Errc::no_permission, "read file", EACCES, "/k"}, "`ls -ld`"},
    {"the folder of slots", {Errc::no_permission, "use folder", 0, "/run/x"}, "MAILSLOT_DIR"},
    {"a socket in it", {Errc::no_permission, "bind the reader's socket", EACCES}, "MAILSLOT_DIR"},
    {"a key", {Errc::no_permission, "seal", 0, "there is no key"}, "there is no key", ";"},
    {"a port", {Errc::no_permission, "bind", EACCES, "UDP port 137"}, "below 1024"},
    {"a firewall", {Errc::no_permission, "send", EPERM}, "firewall"},
    {"another user", {Errc::no_permission, "become user", 0, "only root can"}, "as root"},
    {"the office", {Errc::no_permission, "ask the post office", 0, "another user's"}, "as root"},
    {"a disk", {Errc::no_resources, "write standard output", ENOSPC}, "disk", "ulimit"},
    {"descriptors", {Errc::no_resources, "open lock", EMFILE}, "ulimit -n", "memory"},
    {"a file's size", {Errc::no_resources, "write standard output", EFBIG}, "ulimit -f", "memory"},
    {"a folder as input", {Errc::no_resources, "read standard input", EISDIR}, "folder", "memory"},
    {"a folder that is missing",
     {Errc::no_resources, "create file", ENOENT, "/x/y"},
     "create its folder",
     "memory"},
    {"a closed output",
     {Errc::no_resources, "write standard output", EBADF},
     "Bad file descriptor",
     "memory"},
    {"a stopped reader",
     {Errc::timed_out, "ask the reader", 0, "the reading process does not answer"},
     "resume that process",
     "wait longer"},
    {"the network's limit",
     {Errc::message_too_big, "send", 0, "at most 1048576 bytes"},
     "split the message: this is the network's limit",
     "max_message_bytes"},
    {"the slot's limit", {Errc::message_too_big, "put"}, "max_message_bytes"},
    {"a reader elsewhere",
     {Errc::bad_name, "reader name", 0, "//B/mailslot/x"},
     "only put, signal",
     "PLACE"},
    {"a domain",
     {Errc::bad_name, "key", 0, "a/b is not the name of a domain"},
     "200 bytes",
     "PLACE"},
    {"a text that is not ASCII",
     {Errc::bad_name, "net-send", 0, "is not ASCII"},
     "is not ASCII",
     "PLACE"},
    {"Samba's port",
     {Errc::port_taken, "bind", EADDRINUSE, "UDP port 138", Reason::classic_port},
     "Samba",
     "MAILSLOT_PORT"},
    {"our port", {Errc::port_taken, "bind", EADDRINUSE, "UDP port 17138"}, "MAILSLOT_PORT"},
    {"a NetBIOS name",
     {Errc::unreachable, "find", 0, "no machine answers"},
     "check the name",
     "ip route"},
    {"a lock that a stopped process holds",
     {Errc::timed_out, "lock", 0, "a process that holds /run/x/lock does not answer"},
     "resume that process",
     "wait longer"},
    {"a folder that nobody has made",
     {Errc::no_permission, "make folder", EACCES, "/run/x"},
     "may create the folder",
     "owner"},
    {"a folder that is none",
     {Errc::bad_config, "use folder", 0, "/run/x is not a folder"},
     "choose another folder",
     "correct it"},
    {"a folder on a disk that is read-only",
     {Errc::no_permission, "make folder", EROFS, "/run/x"},
     "mount this folder writable",
     "owner"},
    {"a file on a disk that is read-only",
     {Errc::no_permission, "create file", EROFS, "/k/LAB.key"},
     "mount this folder writable",
     "MAILSLOT_DIR"},
    {"a configuration that is missing",
     {Errc::bad_config, "find file", 0, "/my.toml: there is no such file"},
     "create the file",
     "correct it"},
    {"a configuration that is a pipe",
     {Errc::bad_config, "no file", 0, "/my.toml: is a pipe, not a file"},
     "name a file",
     "correct it"},
    {"a metrics port", {Errc::port_taken, "serve", EADDRINUSE, "x"}, "another address", "PORT"},
    {"a metrics address",
     {Errc::unreachable, "serve", EADDRNOTAVAIL, "x"},
     "address of this machine"},
    {"a metrics file",
     {Errc::port_taken, "make socket", EADDRINUSE, "x"},
     "remove the file",
     "PORT"},
    {"a key file",
     {Errc::bad_config, "read key", 0, "this is not a key file"},
     "docs/trust.md",
     "configuration.md"},
};

TEST(Errors, advice_fits_what_failed_not_the_code_alone) {
    for (const AdviceCase& c : kAdvice) {
        const std::string line = to_string(c.error);
        SCOPED_TRACE(std::string(c.what) + ": " + line);
        EXPECT_NE(line.find(c.says), std::string::npos);
        EXPECT_EQ(line.find(c.never), std::string::npos);
    }
}

TEST(Errors, gives_no_advice_about_slots_where_a_key_is_missing) {
    const Error sealing{Errc::no_permission, "seal", 0, "there is no key"};
    EXPECT_EQ(to_string(sealing), "no permission: there is no key");
    const Error slot{Errc::no_permission, "open", 0, "LOG"};
    EXPECT_NE(to_string(slot).find("(access)"), std::string::npos);
}

}  // namespace
}  // namespace mailslot
