// Creates the slot HELLO, waits at most a minute for a message, and prints it with its envelope.
//
//   hello_reader & hello_writer world
#include <mailslot/mailslot.h>

#include <iostream>

int main() {
    auto reader = mailslot::Reader::create("HELLO");
    if (!reader) {
        std::cerr << to_string(reader.error()) << '\n';  // the error, its cause, and the remedy
        return 1;
    }
    std::cerr << "waiting\n";
    const auto message = reader->get(std::chrono::minutes(1));
    if (!message) {
        std::cerr << to_string(message.error()) << '\n';
        return 1;
    }
    std::cout << message->text() << " (" << message->size() << " bytes, number "
              << message->sequence() << " of a writer on " << message->from_host() << ")\n";
}
