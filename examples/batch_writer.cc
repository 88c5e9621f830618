// Puts the lines of standard input into a slot, many at a time. Cheaper than single puts, because
// lock, clock and wake-up are paid once. Waits when the slot is full.
//
//   mailslot listen NUMBERS > numbers &
//   seq 100000 | batch_writer NUMBERS
#include <mailslot/mailslot.h>

#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kAtOnce = 256;

void put_all(mailslot::Writer& writer, const std::vector<std::string>& lines) {
    const std::vector<std::string_view> messages(lines.begin(), lines.end());
    std::size_t done = 0;
    while (done < messages.size()) {  // a short count: the next call returns the error
        done += writer.put_many(std::span(messages).subspan(done)).value();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: batch_writer ADDRESS\n";
        return 2;
    }
    auto writer = mailslot::Writer::open(argv[1], {.wait_when_full = mailslot::kForever}).value();
    std::vector<std::string> lines;
    for (std::string line; std::getline(std::cin, line);) {
        lines.push_back(std::move(line));
        if (lines.size() < kAtOnce) continue;
        put_all(writer, lines);
        lines.clear();
    }
    put_all(writer, lines);
}
