"""Runs a program with some system calls forbidden, like the sandbox of a service or a container (seccomp).

    sandbox.py NAME=ERRNO... -- PROGRAM ARGUMENT...

NAME is a system call, an address family (AF_NETLINK) for which socket() is forbidden, or an option (SO_PASSRIGHTS) for
which setsockopt() is forbidden.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# x86-64, the only supported processor (README.md).
CALLS = {
    "read": 0, "poll": 7, "ppoll": 271, "mmap": 9, "ioctl": 16, "madvise": 28, "socket": 41, "connect": 42, "accept": 43, "sendto": 44, "recvfrom": 45,
    "sendmsg": 46, "recvmsg": 47, "bind": 49, "listen": 50, "getsockname": 51, "setsockopt": 54, "getsockopt": 55, "flock": 73,
    "ftruncate": 77, "getdents64": 217, "futex": 202, "epoll_wait": 232, "epoll_pwait": 281, "epoll_ctl": 233, "set_robust_list": 273, "fallocate": 285,
    "timerfd_create": 283, "timerfd_settime": 286, "accept4": 288, "signalfd4": 289, "eventfd2": 290, "epoll_create1": 291,
    "inotify_init1": 294, "inotify_add_watch": 254, "recvmmsg": 299, "sendmmsg": 307,
    "getrandom": 318, "memfd_create": 319, "prctl": 157, "clone3": 435, "clone": 56, "sched_yield": 24, "sched_getaffinity": 204,
    "fcntl": 72, "rename": 82, "chmod": 90, "fchmod": 91, "prlimit64": 302, "setitimer": 38, "rt_sigaction": 13, "dup": 32,
}
# Calls with a certain argument: the call, the argument's index, its value.
ARGUMENTS = {family: ("socket", 0, number) for family, number in
             {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}.items()} | {"SO_PASSRIGHTS": ("setsockopt", 2, 83)}

LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000
AT_NUMBER, AT_ARGUMENTS, ARGUMENT_BYTES = 0, 16, 8
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2


def step(code, value, if_true=0, if_false=0):
    return struct.pack("HBBI", code, if_true, if_false, value)


def rules(name, code):
    if name in ARGUMENTS:
        call, which, value = ARGUMENTS[name]
        return [step(LOAD, AT_NUMBER), step(JUMP_IF_EQUAL, CALLS[call], 0, 3), step(LOAD, AT_ARGUMENTS + which * ARGUMENT_BYTES),
                step(JUMP_IF_EQUAL, value, 0, 1), step(RETURN, FAIL | code)]
    return [step(LOAD, AT_NUMBER), step(JUMP_IF_EQUAL, CALLS[name], 0, 1), step(RETURN, FAIL | code)]


def forbid(forbidden):
    """Forbids the calls from now on, in this process and its children. `forbidden`: pairs of a name and an errno."""
    if platform.machine() != "x86_64":
        raise OSError(errno.ENOSYS, "the numbers of system calls are known for x86-64 alone")
    steps = [each for name, code in forbidden for each in rules(name, code)] + [step(RETURN, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, FILTER, program) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def main():
    at = sys.argv.index("--")
    pairs = [each.split("=") for each in sys.argv[1:at]]
    forbid([(name, getattr(errno, code)) for name, code in pairs])
    os.execv(sys.argv[at + 1], sys.argv[at + 1:])


if __name__ == "__main__":
    main()
