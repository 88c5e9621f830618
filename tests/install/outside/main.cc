// An outside program: reads its own message, and fails to write to a slot without a reader.
#include <mailslot/mailslot.h>

#include <iostream>

int main() {
    auto reader = mailslot::Reader::create("OUTSIDE").value();
    auto writer = mailslot::Writer::open(R"(\\.\mailslot\outside)").value();
    writer.put("HELLO").value();
    const mailslot::Message message = reader.get(mailslot::Timeout(5000)).value();
    const auto nobody = mailslot::Writer::open(R"(\\.\mailslot\nobody)");
    if (nobody || reader.info().lost.total() != 0) return 1;
    std::cout << message.text() << " from " << message.from_host()
              << "; nobody: " << to_string(nobody.error().code) << '\n';
}
