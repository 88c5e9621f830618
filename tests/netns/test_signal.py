"""Scripts on several machines that wait for each other."""

import lab

ALL = "//*/mailslot/READY"


class Signal(lab.LabTest):
    def wait(self, machine):
        waiting = machine.start("wait", "READY", "--verbose")
        self.assertEqual(waiting.error_line(), "mailslot: waiting for READY\n")
        return waiting

    def assert_signalled(self, waiting, by):
        status, out, err = waiting.end()
        self.assertEqual((status, out), (0, b""), err)
        self.assertRegex(err, rf"\Amailslot: READY was signalled by {by} \([^)]+\)\n\Z")

    def test_everybody_who_waits_goes_on_and_is_named(self):
        a, b, c = self.machines(["A", "B", "C"])
        waiting = [self.wait(a), self.wait(b)]
        status, out, err = c.run("signal", ALL, "--verbose")
        self.assertEqual((status, out, err), (0, b"", f"mailslot: {ALL}: A, B waited\n"))
        for each in waiting:
            self.assert_signalled(each, "C")

    def test_one_host_and_one_domain(self):
        net = self.network()
        a, b = self.machine("A", 1, net, config='domains = ["LAB"]\n'), self.machine("B", 2, net)
        c = self.machine("C", 3, net)
        for address in ("//A/mailslot/READY", "//LAB/mailslot/READY", f"//10.{net.number}.0.1/mailslot/READY"):
            with self.subTest(address=address):
                first, second = self.wait(a), self.wait(b)
                self.assertEqual(c.run("signal", address), (0, b"", ""))
                self.assert_signalled(first, "C")
                self.assertIsNone(second.process.poll())
                c.run("signal", "//B/mailslot/READY")
                self.assert_signalled(second, "C")

    def test_nobody_waits_and_it_says_so_truthfully(self):
        a, b = self.machines(["A", "B"])
        a.listen(name="OTHER")
        status, out, err = b.run("signal", ALL)
        self.assertEqual((status, out), (0, b""))
        self.assertIn("no machine answered that it waits for", err)
        self.assertIn("sent once and is not kept", err)
        self.assertEqual(b.run("signal", ALL, "--no-check"), (0, b"", ""))

    def test_until_heard_sends_when_somebody_comes_to_wait(self):
        a, b = self.machines(["A", "B"])
        signal = b.start("signal", ALL, "--until-heard", "--verbose")
        self.wait_for_query(a)
        waiting = self.wait(a)
        self.assert_signalled(waiting, "B")
        self.assertEqual(signal.end(), (0, b"", f"mailslot: {ALL}: A waited\n"))
        status, _, err = b.run("signal", "//A/mailslot/READY", "--until-heard", "--timeout", "300")
        self.assertEqual(status, 3)
        self.assertIn("nobody waited for //A/mailslot/READY within 300 ms; nothing was sent", err)

    def wait_for_query(self, machine):
        """Waits until the first query has come while nobody was there to hear it."""
        machine.run_in("nft", "-f", "-", stdin="table inet lab {\nchain in {\ntype filter hook prerouting priority 0\n"
                                               f"udp dport {lab.PORT} counter\n}}\n}}\n")
        self.wait_until("it was asked for", lambda: machine.counted() > 0)


if __name__ == "__main__":
    lab.main()
