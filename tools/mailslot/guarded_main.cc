#include "mailslot/guarded_main.h"

#include <exception>
#include <initializer_list>
#include <new>
#include <string_view>

#include "mailslot/exit_status.h"
#include "os/standard_streams.h"

namespace mailslot::cli {
namespace {

// Allocates nothing: no memory may be left.
int fail_with(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) os::write_error(word);
    return kFailed;
}

}  // namespace

int guarded_main(const char* program, int argc, char** argv, int (*run)(int, char**)) {
    os::hold_standard_streams();
    os::let_writes_fail();  // `mailslot listen | head` is no accident
    try {
        return run(argc, argv);
    } catch (const std::bad_alloc&) {
        return fail_with(
            {program, ": no resources (memory); free some, or raise its limit (ulimit -v)\n"});
    } catch (const std::exception& error) {
        return fail_with({program, ": failed: ", error.what(), "\n"});
    }
}

}  // namespace mailslot::cli
