"""Acts as systemd, as far as mailslotd uses it: receives notifications, keeps descriptors, and passes them."""

import array
import fcntl
import os
import queue
import socket
import threading

HIGH = 100  # place of descriptors that will become 3, 4, ...: out of each other's way
PASS = 'i=3; for f in $FDS; do eval "exec $i<&$f $f<&-"; i=$((i+1)); done; unset FDS i f; LISTEN_PID=$$ exec "$@"'


class ServiceManager:
    def __init__(self, folder):
        self.path = folder / "notify.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)
        self.said = queue.Queue()  # notifications that no test has waited for yet, and None
        self.kept = {}  # name: descriptors
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            data, parts, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(64 * 4))
            if not data:
                return
            fds = array.array("i")
            for _, kind, content in parts:
                if kind == socket.SCM_RIGHTS:
                    fds.frombytes(content)
            self.hear(dict(line.split("=", 1) for line in data.decode().splitlines()), list(fds))

    def hear(self, words, fds):
        with self.lock:
            if "FDSTOREREMOVE" in words:
                for fd in self.kept.pop(words["FDNAME"], []):
                    os.close(fd)
            elif "FDSTORE" in words:
                self.kept.setdefault(words["FDNAME"], []).extend(
                    fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in fds)
                for fd in fds:
                    os.close(fd)
        self.said.put(words)

    def wait_for(self, key, deadline=60):
        """Waits for the next notification with `key`. Returns its value."""
        while True:
            words = self.said.get(timeout=deadline)
            if key in words:
                return words[key]

    def names(self):
        with self.lock:
            return {name: len(fds) for name, fds in self.kept.items()}

    def passing(self, **further):
        """Returns a prefix, its environment and pass_fds, for a program that gets the kept descriptors and further ones
        by name."""
        with self.lock:
            named = [(name, fd) for name, fds in self.kept.items() for fd in fds]
        for name, fd in further.items():
            named.append((name, fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)))
        fds = [fd for _, fd in named]
        environment = {"NOTIFY_SOCKET": str(self.path), "LISTEN_FDS": str(len(fds)),
                       "LISTEN_FDNAMES": ":".join(name for name, _ in named), "FDS": " ".join(map(str, fds))}
        return ["bash", "-c", PASS, "bash"], environment, fds

    def close(self):
        self.socket.shutdown(socket.SHUT_RD)
        self.thread.join()
        self.socket.close()
        for fds in self.kept.values():
            for fd in fds:
                os.close(fd)
        self.kept = {}
