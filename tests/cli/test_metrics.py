"""Metrics of a machine, as read by a Prometheus parser."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import stat
import sys
import time

import support

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("skipped: python3-prometheus-client is not installed")
    sys.exit(77)


MOST_SECONDS = 5  # for waits bounded by a second each; without bounds 12 and more
DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "grafana" / "mailslot.json"


class Metrics(support.CommandTest):
    def configure(self, address):
        (self.folder / "mailslot.toml").write_text(f'metrics = "{address}"\n')
        self.environment["MAILSLOT_CONFIG"] = str(self.folder / "mailslot.toml")

    def serve_on_file(self):
        self.file = self.folder / "metrics.sock"
        self.configure(f"unix:{self.file}")

    def fetch(self, connection=None, method="GET", path="/metrics"):
        with contextlib.closing(connection or support.UnixConnection(self.file)) as asking:
            asking.request(method, path)
            answer = asking.getresponse()
            return answer, answer.read().decode()

    def samples(self, **where):
        answer, text = self.fetch(**where)
        self.assertEqual(answer.status, 200)
        self.assertIn("version=0.0.4", answer.headers["Content-Type"])
        families = list(text_string_to_metric_families(text))
        self.assertNotIn("unknown", {family.type for family in families})
        return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}

    def wait_for_file(self):
        self.wait_until("the metrics are served", lambda: self.file.exists() and self.is_served())

    def is_served(self):
        try:
            return self.fetch()[0].status == 200
        except OSError:
            return False

    def test_a_parser_reads_slots_losses_and_the_post_office(self):
        self.serve_on_file()
        self.hold("IN", "--max-messages", "2")
        self.put("IN", "one", "three")
        self.assert_fails(1, "put", "IN", "too many")
        self.wait_for_file()
        samples = self.samples()
        self.assertEqual(samples["mailslot_slot_received_total", "IN"], 3)
        self.assertEqual(samples["mailslot_slot_messages", "IN"], 2)
        self.assertEqual(samples["mailslot_slot_bytes", "IN"], 8)
        self.assertEqual(samples["mailslot_slot_lost_total", "IN", "slot_full"], 1)
        self.assertEqual(samples["mailslot_slot_lost_total", "IN", "network_gap"], 0)
        self.assertEqual(samples["mailslot_office_slots",], 1)
        self.assertEqual(samples["mailslot_office_up",], 1)
        self.assertEqual(samples["mailslot_office_lost_total", "kernel_drop"], 0)

    def test_one_spelling_here_and_in_info(self):
        self.serve_on_file()
        self.listen("IN")
        self.wait_for_file()
        causes = {key[2] for key in self.samples() if key[0] == "mailslot_slot_lost_total"}
        self.assertEqual(causes, set(self.info("IN")["lost_by_cause"]))

    def test_a_slot_of_another_process_is_there_too(self):
        self.serve_on_file()
        self.listen("A")
        self.listen('B"x')
        self.wait_for_file()
        samples = self.samples()
        self.assertIn(("mailslot_slot_received_total", "A"), samples)
        self.assertIn(("mailslot_slot_received_total", 'B"x'), samples)

    def test_a_port_of_the_loopback(self):
        port = support.free_port()
        self.configure(f"127.0.0.1:{port}")
        self.listen("IN")
        self.file = self.folder / "none"
        def is_served():
            try:
                return self.fetch(http.client.HTTPConnection("127.0.0.1", port))[0].status == 200
            except OSError:
                return False
        self.wait_until("the metrics are served", is_served)

    def test_they_go_on_when_the_post_office_moves_and_end_with_it(self):
        self.serve_on_file()
        first = self.listen("A")
        second = self.listen("B")
        self.wait_for_file()
        first.kill()
        self.wait_until("the next one serves", self.is_served)
        self.assertIn(("mailslot_slot_received_total", "B"), self.samples())
        self.assertEqual(second.stop()[0], 0)
        self.assertFalse(self.file.exists())

    def test_the_file_is_closed_to_others_and_nonsense_is_answered(self):
        self.serve_on_file()
        self.listen("IN")
        self.wait_for_file()
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode) & 0o007, 0)
        self.assertEqual(self.fetch(path="/other")[0].status, 404)
        self.assertEqual(self.fetch(method="DELETE")[0].status, 405)
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(self.file))
            rude.sendall(b"x" * 20000)
        self.assertEqual(self.fetch()[0].status, 200)

    def test_the_host_that_a_request_names_is_the_loopback(self):
        port = support.free_port()
        self.configure(f"127.0.0.1:{port}")
        self.listen("IN")
        def status(host):
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as asking:
                asking.request("GET", "/metrics", headers={"Host": host})
                return asking.getresponse().status
        def is_served():
            try:
                return status("localhost") == 200
            except OSError:
                return False
        self.wait_until("the metrics are served", is_served)
        for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", "[::1]"):
            self.assertEqual(status(host), 200, host)
        for host in ("evil.example", f"evil.example:{port}", "10.0.0.1"):
            self.assertEqual(status(host), 403, host)

    def test_who_is_silent_delays_nobody(self):
        self.serve_on_file()
        self.listen("IN")
        self.wait_for_file()
        idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        begun = time.monotonic()
        for silent in idle:
            self.addCleanup(silent.close)
            silent.connect(str(self.file))
            silent.settimeout(support.DEADLINE)
        self.assertEqual(self.fetch()[0].status, 200)
        self.assertLess(time.monotonic() - begun, MOST_SECONDS)
        for silent in idle:
            self.assertEqual(silent.recv(1), b"")  # the server hung up on each of them
        self.assertLess(time.monotonic() - begun, MOST_SECONDS)

    def test_readers_that_do_not_answer_delay_neither_the_rest_nor_the_end(self):
        self.serve_on_file()
        office = self.listen("IN")
        self.wait_for_file()
        folder = pathlib.Path(self.environment["MAILSLOT_DIR"])
        entry = next((folder / "slots").iterdir()).read_bytes().split(b"\0")
        for n in range(12):
            silent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.addCleanup(silent.close)
            silent.bind(str(folder / "readers" / f"silent{n}.sock"))
            silent.listen(8)
            name = b"SILENT%d" % n
            fields = [entry[0], b"silent%d.sock" % n, name, name, b""]
            (folder / "slots" / f"silent{n}").write_bytes(b"\0".join(fields))
        for _ in range(3):
            begun = time.monotonic()
            samples = self.samples()
            self.assertLess(time.monotonic() - begun, MOST_SECONDS)
            self.assertEqual(samples["mailslot_office_up",], 1)
            self.assertIn(("mailslot_slot_received_total", "IN"), samples)
        with contextlib.closing(support.UnixConnection(self.file)) as asking:
            asking.request("GET", "/metrics")  # during that request
            begun = time.monotonic()
            self.assertEqual(office.stop()[0], 0)
            self.assertLess(time.monotonic() - begun, MOST_SECONDS)

    def test_the_dashboard_asks_for_metrics_that_there_are(self):
        self.serve_on_file()
        self.listen("IN")
        self.wait_for_file()
        known = {key[0] for key in self.samples()}
        dashboard = json.loads(DASHBOARD.read_text())
        asked = set(re.findall(r"mailslot_[a-z_]+", json.dumps(dashboard["panels"])))
        self.assertGreater(len(asked), 8)
        self.assertEqual(asked - known, set())

    def test_off_by_default_and_refused_where_others_could_reach_it(self):
        self.configure("0.0.0.0:9138")
        self.assert_fails(2, "listen", "IN", says="metrics must be")


if __name__ == "__main__":
    support.main()
