"""A hostile machine that sends as fast as a processor can: memory stays bounded, and an honest sender loses hardly any
messages but those for which the kernel had no room, all of them counted."""

import json
import shutil
import subprocess
import time

import lab
import support
from lab import EVERYBODY, feed

SECONDS = 3
PACE = 0.005  # seconds between two honest messages
# docs/post-office.md, "Bounds": half-arrived messages, senders, messages being put together, and the slot itself.
MOST_BYTES = (64 + 85 + 3 + 8 + 16) * 2**20
MESSAGE_BYTES = 20000  # every tenth message is in fragments
# Dropped before or in the socket, so that parts of a message are missing. The writer then keeps the pace of that reader,
# so the parts of its large messages come more slowly, and a few make room for the flood's: `over_limit`.
KERNELS = {"kernel_drop", "network_gap", "fragment_timed_out"}


class Floods(lab.LabTest):
    def resident(self, running):
        with open(f"/proc/{running.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def sender(self, reader, host):
        return next((s for s in reader.info()["by_sender"] if s["from_host"] == host), None)

    def flood(self, kind):
        """Returns the reader's machine after the flood, with the number of datagrams sent."""
        reader, honest, hostile = self.machines([f"{n}-{kind}" for n in ("R", "H", "F")], ipv6=False)
        office = reader.start("listen", "--verbose", "IN", "--max-bytes", "8MiB", stdout=subprocess.DEVNULL).ready()
        writer = honest.start("put", EVERYBODY)
        count = 0
        def send(size=0):
            nonlocal count
            count += 1
            feed(writer, count, size=size)
        send()
        self.wait_until("the first one is there", lambda: self.sender(reader, honest.name))
        before = self.resident(office)
        program = reader.folder.parent / f"flooder-{kind}"
        shutil.copy(support.PROGRAM.with_name("flooder"), program)
        flooder = hostile.start(kind, f"10.{reader.net.number}.0.1", lab.PORT, str(SECONDS), program=program)
        most = 0
        while flooder.process.poll() is None:
            send(MESSAGE_BYTES if count % 10 == 0 else 0)
            most = max(most, self.resident(office))
            time.sleep(PACE)  # the load, not something to wait for
        status, out, err = flooder.end()
        self.assertEqual((status, err), (0, ""))
        def all_is_known():
            send()
            of_honest = self.sender(reader, honest.name)
            return of_honest and of_honest["received"] + of_honest["lost"] >= count - 1
        self.wait_until("all is known", all_is_known)
        self.assertEqual(writer.end()[0], 0)
        self.wait_until("the end is known", lambda: (s := self.sender(reader, honest.name))["received"] + s["lost"] == count)
        self.assertLessEqual(most - before, MOST_BYTES)
        mine = self.sender(reader, honest.name)
        lost = {cause for cause, n in mine["lost_by_cause"].items() if n}
        self.assertEqual(lost - KERNELS - {"over_limit"}, set(), mine)
        self.assertLessEqual(mine["lost_by_cause"]["over_limit"], count // 20)
        watched = reader.run("watch", "--count", "1", "--json")
        machine = json.loads(watched[1].splitlines()[0])["machine"]
        flooded = int(out)
        print(f"{kind}: {flooded} datagrams in {SECONDS} s, {machine['rx_datagrams']} read; {(most - before) >> 20} MiB more; "
              f"of {count} honest messages {mine['lost']} lost ({', '.join(sorted(lost))})", flush=True)
        self.assertGreater(flooded, 10_000)
        self.assertGreater(mine["received"], 0)
        return machine, office

    def test_garbage(self):
        machine, _ = self.flood("garbage")
        self.assertGreater(machine["rx_bad_packet"], 1000)

    def test_frames_that_are_damaged(self):
        machine, _ = self.flood("damaged")
        self.assertGreater(machine["rx_bad_packet"] + machine["bad"] + machine["bad_fragments"], 1000)

    def test_parts_of_messages_that_never_go_on(self):
        machine, _ = self.flood("fragments")
        self.assertGreater(machine["lost_over_limit"], 1000)
        self.assertLessEqual(machine["half_arrived_bytes"], 64 * 2**20)

    def test_forged_senders(self):
        machine, _ = self.flood("origins")
        self.assertLessEqual(machine["senders"], 65536)
        self.assertGreater(machine["senders_forgotten"], 0)

    def test_queries(self):
        machine, _ = self.flood("queries")
        self.assertGreater(machine["answers_over_limit"], 1000)
        self.assertLessEqual(machine["answers"], 50 * (SECONDS + 60))  # includes the time until all is known
        self.assertLessEqual(machine["answers"], machine["rx_datagrams"])


if __name__ == "__main__":
    lab.main()
