// A program that uses tl::expected itself, with its own copy of the header beside ours.
#ifdef THEIRS_FIRST
#include <tl/expected.hpp>
#endif
#include <mailslot/discovery.h>
#include <mailslot/mailslot.h>
#include <mailslot/value.h>
#ifdef OURS_FIRST
#include <tl/expected.hpp>
#endif

tl::expected<int, int> theirs() { return tl::unexpected<int>(3); }
mailslot::Result<int> ours() { return 2; }

int main() {
    auto writer = mailslot::Writer::open("OUTSIDE");
    if (writer) writer->put("HELLO").value();
    return !theirs() && ours().map([](int i) { return i; }).value() == 2 ? 0 : 1;
}
