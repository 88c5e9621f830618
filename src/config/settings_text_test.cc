#include "config/settings_text.h"

#include <gtest/gtest.h>

#include "config/settings_table.h"
#include "config/toml_settings.h"

namespace mailslot {
namespace {

SettingsSources machine(std::map<std::string, std::string> environment, std::string file) {
    SettingsSources sources;
    sources.environment = std::move(environment);
    sources.read_file = [file](const std::string& path) -> Result<std::optional<std::string>> {
        return path.starts_with("/etc") ? std::optional(file) : std::nullopt;
    };
    sources.user_id = 1000;
    sources.host_name = "alpha";
    return sources;
}

TEST(SettingsText, says_where_each_value_comes_from) {
    SettingsSources sources =
        machine({{"MAILSLOT_HOST", "beta"}},
                "domains = [\"A\", \"B\"]\nport = 5\n[peers]\nfilesrv = \"10.0.0.7\"\n");
    sources.options.port = "7";
    Origins origins;
    const Settings settings = settings_from(sources, &origins).value();
    EXPECT_EQ(to_toml(settings, origins),
              R"(host = "beta"                           # MAILSLOT_HOST
host_aliases = []                       # built in
port = 7                                # --port
dir = "/tmp/mailslot-1000"              # built in
domains = ["A", "B"]                    # /etc/mailslot/mailslot.toml:1
keys = ""                               # built in
default_domain = ""                     # built in
require = "none"                        # built in
unicast_peers = false                   # built in
families = "both"                       # built in
interfaces = []                         # built in
hop_limit = 1                           # built in
answer_queries = true                   # built in
receive_buffer = "4MiB"                 # built in
send_rate = "512MiB"                    # built in
send_rate_unheard = "8MiB"              # built in
group_floor = "1MiB"                    # built in
max_sender_rate = 0                     # built in
max_slot_rate = 0                       # built in
metrics = ""                            # built in
metrics_senders = 100                   # built in
carriers = ["udp"]                      # built in
workgroup = "WORKGROUP"                 # built in
netbios_names = []                      # built in
gateway = []                            # built in
spin_us = 40                            # built in

[peers]
"FILESRV" = "10.0.0.7"                  # /etc/mailslot/mailslot.toml:4
)");
}

TEST(SettingsText, says_with_help_what_each_setting_is) {
    Settings settings;
    settings.host = "alpha";
    settings.dir = "/run/x";
    settings.peers = {{"A", "10.0.0.7"}};
    const std::string text = to_toml(settings, {}, Help::with);
    for (const Setting& setting : all_settings()) {
        const std::string line = "\n# " + std::string(setting.help) + "\n";
        const auto at = text.find(line);
        ASSERT_NE(at, text.npos) << setting.key;
        const std::string_view after = std::string_view(text).substr(at + line.size());
        EXPECT_TRUE(after.starts_with(std::string(setting.key) + " = ") ||
                    after.starts_with("[" + std::string(setting.key) + "]\n"))
            << setting.key;
    }
    Settings back;
    ASSERT_TRUE(apply_toml(text, "printed", back));
    EXPECT_EQ(to_toml(back, {}, Help::with), text);
}

TEST(SettingsText, is_a_file_that_says_the_same) {
    Settings settings;
    settings.host = "a \"quoted\" name";
    settings.host_aliases = {"www", "files.example.com"};
    settings.dir = "/run/x";
    settings.domains = {"LAB", "\xc3\xa9"};
    settings.interfaces = {"eth0"};
    settings.families = Families::ipv6;
    settings.receive_buffer_bytes = 4097;
    settings.send_rate_bytes = 0;
    settings.send_rate_unheard_bytes = 65536;
    settings.group_floor_bytes = 65537;
    settings.unicast_peers = true;
    settings.answer_queries = false;
    settings.max_sender_rate = 1000;
    settings.max_slot_rate = 5000;
    settings.metrics = "127.0.0.1:9138";
    settings.metrics_senders = 0;
    settings.netbios = settings.classic.passes_out = true;
    settings.classic.workgroup = "LAB";
    settings.classic.names = {"LAB#1C"};
    settings.peers = {{"A B", "10.0.0.7"}};
    Settings back;
    const auto applied = apply_toml(to_toml(settings, {}), "printed", back);
    ASSERT_TRUE(applied) << applied.error().detail;
    EXPECT_EQ(to_toml(back, {}), to_toml(settings, {}));
    EXPECT_EQ(back.host_aliases, settings.host_aliases);
    EXPECT_TRUE(back.unicast_peers);
    EXPECT_FALSE(back.answer_queries);
    EXPECT_EQ(back.send_rate_unheard_bytes, 65536u);
    EXPECT_EQ(back.group_floor_bytes, 65537u);
    EXPECT_EQ(back.max_sender_rate, 1000u);
    EXPECT_EQ(back.max_slot_rate, 5000u);
    EXPECT_EQ(back.metrics, "127.0.0.1:9138");
    EXPECT_EQ(back.metrics_senders, 0u);
    EXPECT_TRUE(back.netbios);
    EXPECT_EQ(back.classic.names, settings.classic.names);
}

TEST(SettingsText, options_are_checked_like_variables) {
    SettingsSources sources = machine({}, "");
    sources.options.port = "0";
    const auto settings = settings_from(sources);
    ASSERT_FALSE(settings);
    EXPECT_EQ(settings.error().detail, "--port=0: must be a number from 1 to 65535");
}

TEST(SettingsText, the_machines_daemon_has_its_folder_and_not_a_users_file) {
    SettingsSources sources = machine({{"HOME", "/home/ann"}}, "port = 5");
    sources.options.system = true;
    Origins origins;
    const Settings settings = settings_from(sources, &origins).value();
    EXPECT_EQ(settings.dir, "/run/mailslot");
    EXPECT_EQ(origins.at("dir"), "--system");
    sources.options.dir = "/run/other";
    EXPECT_EQ(settings_from(sources).value().dir, "/run/other");
}

}  // namespace
}  // namespace mailslot
