#include "mailslotd/arguments.h"

#include <CLI/CLI.hpp>
#include <string>

#include "mailslot/exit_status.h"
#include "mailslotd/daemon.h"
#include "mailslotd/log.h"

namespace mailslot::daemon {
namespace {

// Prints help without CLI11's notes on types and ranges, which the options' own words give.
class HelpFormatter final : public CLI::Formatter {
public:
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_type_name().empty() ? "" : " " + option->get_type_name();
    }
};

void add_text(CLI::App& app, const char* name, const char* type, const char* what,
              std::optional<std::string>& to) {
    app.add_option_function<std::string>(
           name, [&to](const std::string& text) { to = text; }, what)
        ->type_name(type);
}

void add_options(CLI::App& app, DaemonOptions& options) {
    app.add_flag("--system", options.settings.system,
                 "Serve every user's slots, in /run/mailslot; the default as root");
    add_text(app, "--config", "FILE", "Read this file instead of the usual ones",
             options.settings.config);
    add_text(app, "--dir", "DIR", "The folder of this machine's slots", options.settings.dir);
    add_text(app, "--host", "NAME", "This machine's own name", options.settings.host);
    add_text(app, "--port", "PORT", "UDP port", options.settings.port);
    add_text(
        app, "--user", "NAME",
        "Run as this user, without root's rights; default as root, for /run/mailslot: mailslot",
        options.user);
    app.add_flag("--replace", options.replace, "Replace the mailslotd that runs");
    app.add_flag("--check-config", options.check_config, "Check the configuration, and end");
    app.add_flag("--print-config", options.print_config,
                 "Print every setting with its origin, and end");
    app.add_flag("-v,--verbose", options.verbose, "Print more on standard error");
}

}  // namespace

int run_arguments(int argc, char** argv) {
    CLI::App app("The post office of a machine, or of one user on it, as a service.", "mailslotd");
    auto formatter = std::make_shared<HelpFormatter>();
    formatter->column_width(24);
    app.formatter(formatter);
    app.set_version_flag("--version", "mailslotd " MAILSLOT_VERSION, "Print the version");
    app.set_help_flag("-h,--help", "Print this help");
    app.footer(
        R"(mailslotd stays in the foreground. SIGHUP makes it read the configuration again, SIGTERM ends it.
It is optional: without mailslotd the first reading process is the post office.

'man mailslotd' says more, and 'man mailslot.toml' lists the settings.
Exit status: 0 done, 1 failed, 2 wrong use or wrong configuration, 5 refused.)");
    DaemonOptions options;
    add_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return print(app.help());
    } catch (const CLI::CallForVersion& version) {
        return print(std::string(version.what()) + "\n");
    } catch (const CLI::ParseError& error) {
        log(Priority::error, std::string(error.what()) + "; 'mailslotd --help' has the options");
        return cli::kWrongUse;
    }
    return run(options);
}

}  // namespace mailslot::daemon
