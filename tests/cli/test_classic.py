"""The commands for the classic Windows wire, on one machine: --decode, net-send, and its settings."""

import json

import support

ANNOUNCEMENT = bytes.fromhex("010060ea000050524f424500000000000000000000000601031000000f0155aa686900")
WORDS = 'host PROBE, version 6.1, type 0x00001003, every 60 s, "hi"'


class Decode(support.CommandTest):
    def test_browser_announcements_are_told_in_words(self):
        listener = self.start("listen", "BROWSE", "--decode", "--count", "2", "--verbose").ready()
        self.put("BROWSE", "--whole", "--bytes", stdin=ANNOUNCEMENT)
        self.put("BROWSE", "what it does not know stays as it is")
        status, out, _ = listener.end()
        self.assertEqual((status, out.decode()), (0, f"{WORDS}\nwhat it does not know stays as it is\n"))

    def test_json_has_both(self):
        listener = self.start("listen", "BROWSE", "--decode", "--json", "--count", "1", "--verbose").ready()
        self.put("BROWSE", "--whole", "--bytes", stdin=ANNOUNCEMENT)
        message = json.loads(listener.end()[1])
        self.assertEqual(message["decoded"], WORDS)
        self.assertIn("base64", message)

    def test_get_does_it_too_and_without_the_option_nothing_changes(self):
        for options, expected in ((["--decode"], b"A to B: text\n"), ([], b"A\0B\0text\0\n")):
            getter = self.start("get", "MESSNGR", "--verbose", *options).ready()
            self.put("MESSNGR", "--whole", "--bytes", stdin=b"A\0B\0text\0")
            self.assertEqual(getter.end()[1], expected)


class NetSend(support.CommandTest):
    def configure(self, text):
        path = self.folder / "mailslot.toml"
        path.write_text(text)
        self.environment["MAILSLOT_CONFIG"] = str(path)

    def test_where_the_wire_is_off_it_says_how_to_switch_it_on(self):
        self.assert_fails(1, "net-send", "FILESRV", "hello", says='carriers = ["udp", "netbios"]')

    def test_what_cannot_be_sent_is_refused(self):
        self.configure('carriers = ["netbios"]\n')
        for host, text, says in (("SIXTEEN-LETTERS-", "x", "not a NetBIOS name"), ("A B", "x", "not a NetBIOS name"),
                                 ("FILESRV", "f\u00fcnf", "not ASCII"), ("FILESRV", "x" * 500, "bytes")):
            with self.subTest(host=host, text=text[:10]):
                status, out, err = self.run_command("net-send", host, text)
                self.assertEqual(out, b"")
                self.assertNotEqual(status, 0)
                self.assertIn(says, err)

    def test_settings_that_are_wrong_are_told_with_their_place(self):
        for text, says in (('carriers = []', 'carriers must be a list of "udp" and "netbios", not empty'),
                           ('carriers = ["tcp"]', ':1:13: carriers must be'),
                           ('carriers = "netbios"', 'carriers must be'),
                           ('workgroup = "SIXTEEN-LETTERS-"', 'workgroup must be 1 to 15'),
                           ('netbios_names = ["LAB"]', 'netbios_names must be'),
                           ('netbios_names = ["LAB#1"]', 'netbios_names must be'),
                           ('gateway = ["in"]', 'gateway must be a list of "netbios_to_udp"')):
            with self.subTest(text=text):
                self.configure(text + "\n")
                status, _, err = self.run_command("put", "X", "y")
                self.assertEqual(status, 2)
                self.assertIn(says, err)


if __name__ == "__main__":
    support.main()
