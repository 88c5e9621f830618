#include "config/settings_file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

namespace mailslot {
namespace {

using Texts = std::map<std::string, std::string>;

constexpr const char* kEtc = "/etc/mailslot/mailslot.toml";
constexpr const char* kHome = "/home/ann/.config/mailslot/mailslot.toml";

// A machine with these files, on which user 1000, Ann, has this environment.
SettingsSources machine(Texts files, Texts environment = {{"HOME", "/home/ann"}}) {
    SettingsSources sources;
    sources.environment = std::move(environment);
    sources.read_file =
        [files = std::move(files)](const std::string& path) -> Result<std::optional<std::string>> {
        const auto found = files.find(path);
        if (found == files.end()) return std::optional<std::string>();
        return std::optional<std::string>(found->second);
    };
    sources.user_id = 1000;
    sources.host_name = "alpha.example.org";
    return sources;
}

Settings settings_of(const SettingsSources& sources) {
    auto settings = settings_from(sources);
    EXPECT_TRUE(settings) << settings.error().detail;
    return settings.value_or(Settings{});
}

std::string failure_of(const SettingsSources& sources) {
    const auto settings = settings_from(sources);
    if (settings) return "no error";
    EXPECT_EQ(settings.error().code, Errc::bad_config);
    return settings.error().detail;
}

TEST(Settings, without_files_or_environment_are_the_built_in_ones) {
    const Settings settings = settings_of(machine({}, {}));
    EXPECT_EQ(settings.dir, "/tmp/mailslot-1000");
    EXPECT_EQ(settings.system_dir, "/run/mailslot");
    EXPECT_EQ(settings.host, "alpha");
    EXPECT_EQ(settings.port, kDefaultPort);
    EXPECT_EQ(settings.hop_limit, kDefaultHopLimit);
    EXPECT_TRUE(settings.domains.empty());
}

TEST(Settings, have_other_letters_in_quotes_and_comments) {
    const Settings settings = settings_of(machine(
        {{kEtc,
          "\xef\xbb\xbf# K\xc3\xb6ln\nhost = 'K\xc3\xb6ln' # \xc3\xb6 \"\n[peers]\n\"\xc3\xb6\" = "
          "\"\"\"10.0.0.7\"\"\""}}));
    EXPECT_EQ(settings.host, "K\xc3\xb6ln");
    EXPECT_EQ(settings.peers.size(), 1u);
}

TEST(Settings, take_the_runtime_folder_from_who_runs_and_what_the_session_offers) {
    const Texts session = {{"XDG_RUNTIME_DIR", "/run/user/1000"}};
    EXPECT_EQ(settings_of(machine({}, session)).dir, "/run/user/1000/mailslot");
    EXPECT_EQ(settings_of(machine({}, {{"XDG_RUNTIME_DIR", "relative"}})).dir,
              "/tmp/mailslot-1000");
    SettingsSources root = machine({}, session);
    root.user_id = 0;
    EXPECT_EQ(settings_of(root).dir, "/run/mailslot");
}

TEST(Settings, name_the_other_folder_of_a_user_with_and_without_a_session) {
    const Texts session = {{"XDG_RUNTIME_DIR", "/run/user/1000"}};
    EXPECT_EQ(settings_of(machine({}, session)).other_dir, "/tmp/mailslot-1000");
    EXPECT_EQ(settings_of(machine({}, {})).other_dir, "/run/user/1000/mailslot");
    EXPECT_EQ(settings_of(machine({}, {{"MAILSLOT_DIR", "/tmp/a"}})).other_dir, "");
    EXPECT_EQ(settings_of(machine({{kEtc, "dir = '/srv/slots'"}})).other_dir, "");
    SettingsSources root = machine({}, session);
    root.user_id = 0;
    EXPECT_EQ(settings_of(root).other_dir, "");
}

TEST(Settings, make_a_machine_of_its_own_where_mailslot_dir_is_set) {
    const Settings settings =
        settings_of(machine({{kEtc, "dir = '/srv/slots'"}}, {{"MAILSLOT_DIR", "/tmp/a"}}));
    EXPECT_EQ(settings.dir, "/tmp/a");
    EXPECT_EQ(settings.system_dir, "/tmp/a");
}

TEST(Settings, call_a_host_without_a_usable_name_localhost) {
    for (const char* const name : {"", ".example.org", "a\\b"}) {
        SettingsSources sources = machine({});
        sources.host_name = name;
        EXPECT_EQ(settings_of(sources).host, "localhost") << name;
    }
}

TEST(Settings, have_the_full_name_where_it_goes_with_the_host) {
    const auto full_name = [](const std::string& system, const std::string& host) {
        SettingsSources sources = machine({}, {{"MAILSLOT_HOST", host}});
        sources.host_name = system;
        return settings_of(sources).full_host;
    };
    EXPECT_EQ(full_name("alpha.example.org", ""), "alpha.example.org");
    EXPECT_EQ(full_name("alpha.example.org", "ALPHA"), "alpha.example.org");
    EXPECT_EQ(full_name("alpha.example.org", "beta"), "");
    EXPECT_EQ(full_name("alpha", ""), "");
    EXPECT_EQ(full_name(".example.org", ""), "");
}

TEST(Settings, of_every_key_arrive) {
    const Settings settings = settings_of(machine({{kEtc, R"(
host = "Filiale-Köln"
host_aliases = ["Köln", "files.example.com"]
port = 40000
dir = "/srv/slots"
domains = ["SALES", "Lab"]
families = "ipv6"
interfaces = ["eth0", "wlan0"]
hop_limit = 8
answer_queries = false
unicast_peers = true
receive_buffer = "16MiB"
max_sender_rate = 100
max_slot_rate = 300
metrics = "[::1]:9138"
metrics_senders = 7
[peers]
"FileSrv." = "10.0.0.7"
"printer.example.org" = "fe80::1%3"
)"}}));
    EXPECT_EQ(settings.host, "Filiale-Köln");
    EXPECT_EQ(settings.host_aliases, (std::vector<std::string>{"Köln", "files.example.com"}));
    EXPECT_EQ(settings.port, 40000);
    EXPECT_EQ(settings.dir, "/srv/slots");
    EXPECT_EQ(settings.system_dir, "/run/mailslot");
    EXPECT_EQ(settings.domains, (std::vector<std::string>{"SALES", "Lab"}));
    EXPECT_EQ(settings.families, Families::ipv6);
    EXPECT_EQ(settings.interfaces, (std::vector<std::string>{"eth0", "wlan0"}));
    EXPECT_EQ(settings.hop_limit, 8);
    EXPECT_FALSE(settings.answer_queries);
    EXPECT_TRUE(settings.unicast_peers);
    EXPECT_EQ(settings.receive_buffer_bytes, 16u * 1024 * 1024);
    EXPECT_EQ(settings.max_sender_rate, 100u);
    EXPECT_EQ(settings.max_slot_rate, 300u);
    EXPECT_EQ(settings.metrics, "[::1]:9138");
    EXPECT_EQ(settings.metrics_senders, 7u);
    EXPECT_EQ(settings.peers,
              (Texts{{"FILESRV", "10.0.0.7"}, {"PRINTER.EXAMPLE.ORG", "fe80::1%3"}}));
}

TEST(Settings, of_the_user_override_the_machines_and_the_environment_overrides_both) {
    const Texts files = {
        {kEtc, "port = 1\nhost = 'etc'\nhop_limit = 3\npeers = { a = '10.0.0.1', b = '10.0.0.2' }"},
        {kHome, "port = 2\nhost = 'home'\npeers = { B = '10.0.0.9' }"}};
    const Settings settings = settings_of(
        machine(files, {{"HOME", "/home/ann"}, {"MAILSLOT_PORT", "3"}, {"MAILSLOT_HOST", ""}}));
    EXPECT_EQ(settings.port, 3);
    EXPECT_EQ(settings.host, "home");
    EXPECT_EQ(settings.hop_limit, 3);
    EXPECT_EQ(settings.peers, (Texts{{"A", "10.0.0.1"}, {"B", "10.0.0.9"}}));
}

TEST(Settings, of_the_user_are_looked_for_in_xdg_config_home_first) {
    const Texts files = {{kHome, "port = 1"}, {"/cfg/mailslot/mailslot.toml", "port = 2"}};
    EXPECT_EQ(
        settings_of(machine(files, {{"HOME", "/home/ann"}, {"XDG_CONFIG_HOME", "/cfg"}})).port, 2);
    EXPECT_EQ(settings_of(machine(files, {{"HOME", "/home/ann"}, {"XDG_CONFIG_HOME", "cfg"}})).port,
              1);
}

TEST(Settings, come_from_mailslot_config_alone_where_it_is_set) {
    const Texts files = {
        {kEtc, "hop_limit = 3"}, {kHome, "port = 1"}, {"/my.toml", "host = 'mine'"}};
    const Settings settings =
        settings_of(machine(files, {{"HOME", "/home/ann"}, {"MAILSLOT_CONFIG", "/my.toml"}}));
    EXPECT_EQ(settings.host, "mine");
    EXPECT_EQ(settings.port, kDefaultPort);
    EXPECT_EQ(settings.hop_limit, kDefaultHopLimit);
}

TEST(Settings, refuse_a_mailslot_config_that_does_not_exist) {
    EXPECT_EQ(failure_of(machine({}, {{"MAILSLOT_CONFIG", "/my.toml"}})),
              "/my.toml: there is no such file, although MAILSLOT_CONFIG names it");
}

TEST(Settings, refuse_a_file_that_cannot_be_read) {
    SettingsSources sources = machine({});
    sources.read_file = [](const std::string& path) -> Result<std::optional<std::string>> {
        return Error{Errc::bad_config, "open file", EACCES, path + ": cannot be read"};
    };
    EXPECT_EQ(failure_of(sources), std::string(kEtc) + ": cannot be read");
}

struct BadFile {
    const char* what;
    const char* text;
    const char* begins;  // the error's text after the file's name
};

constexpr BadFile kBadFiles[] = {
    {"unknown key", "port = 1\nprot = 2",
     ":2:1: unknown setting 'prot'; the settings are host, host_aliases, port, dir, "},
    {"a letter that is not ASCII outside quotes", "port = 1\n\xc3\xb6l = 2",
     ":2:1: write text that is not ASCII in quotes"},
    {"the same behind a value", "host = \"\xc3\xb6\" \xc3\xb6", ":1:"},
    {"no UTF-8", "host = \"\xff\"", ":1:1: the file is not UTF-8"},
    {"unknown table", "[network]\nport = 1", ":1:2: unknown setting 'network'"},
    {"host is empty", "host = ''", ":1:8: host must be a name"},
    {"host is a number", "host = 7", ":1:8: host must be a name"},
    {"host is everybody", "host = '*'", ":1:8: host must be a name"},
    {"host is this machine's sign", "host = '.'", ":1:8: host must be a name"},
    {"host has a separator", "host = 'a\\b'", ":1:8: host must be a name"},
    {"host has a line break", "host = \"a\\nb\"", ":1:8: host must be a name"},
    {"port is text", "port = '17138'", ":1:8: port must be a number from 1 to 65535"},
    {"port is zero", "port = 0", ":1:8: port must be"},
    {"port is one too high", "port = 65536", ":1:8: port must be"},
    {"port is fractional", "port = 1.5", ":1:8: port must be"},
    {"dir is relative", "dir = 'run'", ":1:7: dir must be an absolute path"},
    {"dir is a number", "dir = 1", ":1:7: dir must be an absolute path"},
    {"dir has a zero byte", "dir = \"/a\\u0000b\"", ":1:7: dir must be an absolute path"},
    {"dir has an escape that makes no text", "dir = \"/a\\ue0aab\"",
     ":1:7: dir must be an absolute path"},
    {"domains is one text", "domains = 'SALES'", ":1:11: domains must be a list of names"},
    {"a domain is a number", "domains = ['SALES', 7]", ":1:21: domains must be a list of names"},
    {"a domain is empty", "domains = ['']", ":1:12: domains must be a list of names"},
    {"peers is a list", "peers = ['10.0.0.1']", ":1:9: peers must be a table"},
    {"a peer's address is a number", "[peers]\na = 1", ":2:5: peers must be a table"},
    {"a peer's address is empty", "[peers]\na = ''", ":2:5: peers must be a table"},
    {"a peer's name is everybody", "[peers]\n'*' = '10.0.0.1'", ":2:7: peers must be a table"},
    {"families is unknown", "families = 'ipv5'",
     R"(:1:12: families must be "both", "ipv4" or "ipv6")"},
    {"families is a number", "families = 4", ":1:12: families must be"},
    {"interfaces is one text", "interfaces = 'eth0'", ":1:14: interfaces must be a list"},
    {"an interface is empty", "interfaces = ['']", ":1:15: interfaces must be a list"},
    {"an interface is too long", "interfaces = ['0123456789abcdef']", ":1:15: interfaces must be"},
    {"hop limit is negative", "hop_limit = -1", ":1:13: hop_limit must be a number from 0 to 255"},
    {"answering is neither", "answer_queries = 1", ":1:18: answer_queries must be true or false"},
    {"unicast to peers is neither", "unicast_peers = 'x'", ":1:17: unicast_peers must be true or"},
    {"hop limit is one too high", "hop_limit = 256", ":1:13: hop_limit must be"},
    {"hop limit is text", "hop_limit = '1'", ":1:13: hop_limit must be"},
    {"receive buffer has an unknown unit", "receive_buffer = '4MB'",
     ":1:18: receive_buffer must be"},
    {"receive buffer is only a unit", "receive_buffer = 'MiB'", ":1:18: receive_buffer must be"},
    {"receive buffer is too small", "receive_buffer = 4095", ":1:18: receive_buffer must be"},
    {"receive buffer is too large", "receive_buffer = '2GiB'", ":1:18: receive_buffer must be"},
    {"receive buffer overflows", "receive_buffer = '99999999999GiB'",
     ":1:18: receive_buffer must be"},
    {"receive buffer is negative", "receive_buffer = -1", ":1:18: receive_buffer must be"},
    {"not TOML", "port = \n", ":1:"},
    {"text is not closed", "host = 'a", ":1:"},
    {"a key twice", "port = 1\nport = 2", ":2:"},
    {"not UTF-8", "host = '\xff'", ":1:"},
};

TEST(Settings, refuse_a_bad_file_and_say_where_and_what_is_allowed) {
    for (const BadFile& c : kBadFiles) {
        SCOPED_TRACE(c.what);
        const std::string failure = failure_of(machine({{kEtc, c.text}}));
        EXPECT_TRUE(failure.starts_with(std::string(kEtc) + c.begins)) << failure;
    }
}

TEST(Settings, refuse_a_bad_variable_and_say_which_and_what_is_allowed) {
    struct Case {
        const char* variable;
        const char* value;
        const char* failure;
    };
    const Case cases[] = {
        {"MAILSLOT_DIR", "a",
         R"(MAILSLOT_DIR=a: must be an absolute path, such as "/run/mailslot")"},
        {"MAILSLOT_HOST", "*", "MAILSLOT_HOST=*: must be a name"},
        {"MAILSLOT_HOST", "\xff", "MAILSLOT_HOST=\xff: must be a name"},
        {"MAILSLOT_PORT", "0", "MAILSLOT_PORT=0: must be a number from 1 to 65535"},
        {"MAILSLOT_PORT", "65536", "MAILSLOT_PORT=65536: must be a number from 1 to 65535"},
        {"MAILSLOT_PORT", "17138x", "MAILSLOT_PORT=17138x: must be a number from 1 to 65535"},
        {"MAILSLOT_PORT", " 17138", "MAILSLOT_PORT= 17138: must be a number from 1 to 65535"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.failure);
        const std::string failure = failure_of(machine({}, {{c.variable, c.value}}));
        EXPECT_TRUE(failure.starts_with(c.failure)) << failure;
    }
}

TEST(Settings, take_the_smallest_and_largest_values_that_are_allowed) {
    EXPECT_EQ(settings_of(machine({{kEtc, "port = 1"}})).port, 1);
    EXPECT_EQ(settings_of(machine({{kEtc, "port = 65535"}})).port, 65535);
    EXPECT_EQ(settings_of(machine({{kEtc, "hop_limit = 0"}})).hop_limit, 0);
    EXPECT_EQ(settings_of(machine({{kEtc, "hop_limit = 255"}})).hop_limit, 255);
    EXPECT_EQ(settings_of(machine({{kEtc, "receive_buffer = 4096"}})).receive_buffer_bytes, 4096u);
    EXPECT_EQ(settings_of(machine({{kEtc, "receive_buffer = '1 GiB'"}})).receive_buffer_bytes,
              1u << 30);
    EXPECT_EQ(settings_of(machine({{kEtc, "host = '" + std::string(255, 'a') + "'"}})).host.size(),
              255u);
    EXPECT_NE(failure_of(machine({{kEtc, "host = '" + std::string(256, 'a') + "'"}})), "no error");
}

// The only test of the real sources. The files in this test exist on every machine.
TEST(Settings, of_the_real_world_are_read_with_clear_errors) {
    struct Case {
        const char* path;
        const char* ends;
    };
    const Case cases[] = {
        {"/dev/null", "no error"},
        {"/", "/: is a folder, not a file"},
        {"/dev/null/none", "there is no such file, although MAILSLOT_CONFIG names it"},
        {"/dev/zero", "/dev/zero: is a device, not a file"}};
    const char* const set = std::getenv("MAILSLOT_CONFIG");
    const std::optional<std::string> before = set ? std::optional<std::string>(set) : std::nullopt;
    for (const Case& c : cases) {
        SCOPED_TRACE(c.path);
        setenv("MAILSLOT_CONFIG", c.path, 1);
        const auto settings = load_settings();
        const std::string failure = settings ? "no error" : settings.error().detail;
        EXPECT_TRUE(failure.ends_with(c.ends)) << failure;
    }
    if (before)
        setenv("MAILSLOT_CONFIG", before->c_str(), 1);
    else
        unsetenv("MAILSLOT_CONFIG");
}

}  // namespace
}  // namespace mailslot
