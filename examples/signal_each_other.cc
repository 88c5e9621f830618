// Two programs that wait for each other, started in any order, without polling or a file.
//
//   signal_each_other LEFT RIGHT & signal_each_other RIGHT LEFT
#include <mailslot/mailslot.h>

#include <iostream>

namespace {

// Signals the other program. Returns false if it is not there. Throws on any other error.
bool tell(std::string_view other, std::string_view me) {
    auto writer = mailslot::Writer::open(other);
    if (!writer && writer.error().code == mailslot::Errc::no_such_slot) return false;
    writer.value().put(me).value();
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: signal_each_other MY_NAME THE_OTHERS_NAME\n";
        return 2;
    }
    // Create the own slot before looking for the other program, so that at least one program finds
    // the other. The program that found none answers after it has heard from the other.
    auto reader = mailslot::Reader::create(argv[1]).value();
    const bool told = tell(argv[2], argv[1]);
    const auto message = reader.get(std::chrono::minutes(1)).value();
    if (!told) tell(argv[2], argv[1]);
    std::cout << argv[1] << ": " << message.text() << " is here\n";
}
