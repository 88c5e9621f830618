// A plugin that uses mailslots, loaded and unloaded by a program.
#include <mailslot/mailslot.h>

#include <string_view>

using namespace mailslot;

namespace {

// Puts enough for a burst, which starts a thread.
void put_some(const char* address) {
    auto writer = Writer::open(address);
    if (!writer) return;
    for (int i = 0; i < 300; ++i) (void)writer->put("x");
}

void read_one() {
    auto reader = Reader::create("PLUGIN").value();
    auto writer = Writer::open("PLUGIN").value();
    (void)writer.put("x");
    (void)reader.get(Timeout(1000));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) void work(const char* what) {
    const std::string_view kind = what;
    if (kind == "put_here") put_some("LISTENER");
    if (kind == "put_everywhere") put_some("//*/mailslot/LISTENER");
    if (kind == "put_to_a_host") put_some("//no-such-host.invalid/mailslot/LISTENER");
    if (kind == "read") read_one();
}
