// Watches several slots with one thread: poll(2) on the readers' descriptors, which are readable
// exactly while a message waits. Ends when the message `stop` comes.
//
//   log_watcher APP ALARMS &
//   mailslot put '\\*\mailslot\ALARMS' 'disk full' && mailslot put APP stop
#include <mailslot/mailslot.h>
#include <poll.h>

#include <iostream>
#include <vector>

namespace {

// Prints the waiting messages. Returns false after `stop`.
bool print_waiting(mailslot::Reader& reader) {
    while (const auto message = reader.get(mailslot::Timeout(0))) {
        if (message->lost_before() > 0) {
            std::cout << reader.name() << ": " << message->lost_before() << " lost\n";
        }
        if (message->text() == "stop") return false;
        std::cout << reader.name() << ": " << message->from_host() << ": " << message->text()
                  << std::endl;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<mailslot::Reader> readers;
    std::vector<pollfd> polled;
    for (int i = 1; i < argc; ++i) {
        readers.push_back(mailslot::Reader::create(argv[i]).value());
        polled.push_back({readers.back().fileno().value(), POLLIN, 0});
    }
    std::cerr << "watching\n";
    while (poll(polled.data(), polled.size(), -1) > 0) {
        for (std::size_t i = 0; i < readers.size(); ++i) {
            if (polled[i].revents != 0 && !print_waiting(readers[i])) return 0;
        }
    }
}
