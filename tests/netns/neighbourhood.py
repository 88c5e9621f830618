"""A machine of several users: mailslotd is the post office, Ann has a reader, and Bob is hostile."""

import json
import os
import pathlib
import unittest

import lab
from lab import message_from
from test_daemon_users import ANN, BOB, DAEMON, as_user, may_change_users

PROGRAM = pathlib.Path(__file__).with_name("neighbour.py").read_text(encoding="utf-8")  # Bob may not look in here


@unittest.skipUnless(may_change_users(), "other users are needed: run as root")
class Neighbourhood(lab.LabTest):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.machines(["A", "B"], ipv6=False)
        self.run_folder = self.b.folder / "run"
        self.run_folder.mkdir(mode=0o755)
        os.chown(self.run_folder, DAEMON, DAEMON)
        self.office = self.b.daemon("--system", prefix=as_user(DAEMON))
        self.ann = self.listen(ANN, "ANNS")

    def listen(self, user, name, *options):
        return self.b.listen(*options, name=name, prefix=as_user(user))

    def bob(self, deed, *how, user=BOB, **streams):
        return self.b.start("-B", "-c", PROGRAM, deed, str(self.run_folder), *how, prefix=as_user(user),
                            program="/usr/bin/python3", **streams)

    def done(self, deed, *how):
        status, out, err = self.bob(deed, *how).end()
        self.assertEqual((status, err), (0, ""))
        return json.loads(out)

    def assert_unhurt(self, text):
        """Asserts that the same office is at work, and that Ann hears her message and no other."""
        self.assertIsNone(self.office.process.poll(), text)
        self.a.put("//*/mailslot/ANNS", text)
        self.assertEqual(message_from(self.ann)["text"], text)
        self.assertEqual(self.b.run("put", "ANNS", text + " at home", prefix=as_user(ANN)), (0, b"", ""))
        self.assertEqual(message_from(self.ann)["text"], text + " at home")
