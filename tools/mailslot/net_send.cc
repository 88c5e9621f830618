// mailslot net-send: sends a text to the messenger of another machine, on the classic Windows wire.
#include "api/process.h"
#include "mailslot/commands.h"
#include "mailslot/exit_status.h"
#include "mailslot/report.h"
#include "wire/messenger_message.h"
#include "wire/netbios_name.h"

namespace mailslot::cli {
namespace {

// Returns the host's name with the suffix of messengers, unless the user gave a suffix.
std::string messenger_of(const std::string& host) {
    return host.find('#') == std::string::npos ? host + "#03" : host;
}

}  // namespace

int run_net_send(const NetSendOptions& options) {
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

}  // namespace mailslot::cli
