// mailslot net-send: sends a text to the messenger of another machine, on the classic Windows wire.
#include <memory>

#include "api/process.h"
#include "mailslot/command.h"
#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "wire/messenger_message.h"
#include "wire/netbios_name.h"

namespace mailslot::cli {
namespace {

struct NetSendOptions {
    std::string host, text;
};

// Returns the host's name with the suffix of messengers, unless the user gave a suffix.
std::string messenger_of(const std::string& host) {
    return host.find('#') == std::string::npos ? host + "#03" : host;
}

int run(const NetSendOptions& options) {
    const auto process = Process::current();
    if (!process) return fail(process.error());
    const Settings& settings = (*process)->settings();
    if (!settings.netbios) {
        say("the classic wire is off; write carriers = [\"udp\", \"netbios\"] into mailslot.toml");
        return kFailed;
    }
    const std::string to = messenger_of(options.host);
    const auto name = wire::parse_netbios_name(to);
    if (!name) {
        return fail({Errc::bad_name, "net-send", 0,
                     options.host + " is not a NetBIOS name: use 1 to 15 ASCII characters"});
    }
    const auto payload = wire::encode_messenger_message(settings.host, name->text(), options.text);
    if (!payload) {
        return fail({Errc::bad_name, "net-send", 0,
                     "the text is not ASCII: machines there show other letters differently"});
    }
    const std::string address = "\\\\" + to + "\\mailslot\\MESSNGR";
    auto writer = Writer::open(address);
    if (!writer) return fail_for(address, writer.error());
    if (auto put = writer->put(*payload, {.format = Format::bytes}); !put) {
        return fail_for(address, put.error());
    }
    if (auto flushed = writer->flush(); !flushed) return fail_for(address, flushed.error());
    return kDone;
}

Use prepare() {
    auto options = std::make_shared<NetSendOptions>();
    Arguments arguments{
        text("HOST", "", "A NetBIOS name: a machine, a user, or a workgroup", options->host)
            .required(),
        text("TEXT", "", "The text to show there; ASCII", options->text).required(),
    };
    return {std::move(arguments), [options] { return run(*options); }};
}

}  // namespace

extern const Command net_send_command;
const Command net_send_command{
    20, "net-send", "Send a text to a Windows messenger, by the classic wire", prepare,
    R"(Needs "netbios" among the carriers of the configuration. Windows up to XP shows the text if its
messenger service runs. Elsewhere 'mailslot listen MESSNGR --decode' shows it.

Example:
  mailslot net-send FILESRV "going down in five minutes")"};

}  // namespace mailslot::cli
