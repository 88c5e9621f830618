// MAILSLOT_CHECK stops the program on what only a bug can cause; in every build, never on input.
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
