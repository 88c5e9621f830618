// Puts its arguments into the slot HELLO, each as a message.
//
//   hello_writer world            to the reader on this machine; an error if there is none
//   hello_writer --all world      to every reader on every machine, if any
#include <mailslot/mailslot.h>

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    const bool to_all = argc > 1 && std::string_view(argv[1]) == "--all";
    auto writer = mailslot::Writer::open(to_all ? R"(\\*\mailslot\HELLO)" : "HELLO");
    if (!writer) {
        std::cerr << to_string(writer.error()) << '\n';
        return writer.error().code == mailslot::Errc::no_such_slot ? 4 : 1;
    }
    for (int i = to_all ? 2 : 1; i < argc; ++i) {
        if (const auto put = writer->put(argv[i]); !put) {
            std::cerr << to_string(put.error()) << '\n';
            return 1;
        }
    }
}
