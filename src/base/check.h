// MAILSLOT_CHECK stops the program if a bug has made `cond` false: in every build, never on input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define MAILSLOT_CHECK(cond)                                                               \
    do {                                                                                   \
        if (!(cond)) [[unlikely]] {                                                        \
            std::fprintf(stderr, "mailslot: %s:%d: bug: %s\n", __FILE__, __LINE__, #cond); \
            std::abort();                                                                  \
        }                                                                                  \
    } while (0)
