// Turns the errno of a socket call into our error.
#pragma once

#include <cerrno>

#include "mailslot/result.h"

namespace mailslot::os {

inline Error network_error(const char* step, int os_code) {
    switch (os_code) {
        case EADDRINUSE:
            return Error{Errc::port_taken, step, os_code};
        case EACCES:
        case EPERM:
            return Error{Errc::no_permission, step, os_code};
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOSPC:
        case ENOBUFS:
            return Error{Errc::no_resources, step, os_code};
        default:
            return Error{Errc::unreachable, step, os_code};
    }
}

}  // namespace mailslot::os
