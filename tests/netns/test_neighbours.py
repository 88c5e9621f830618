"""Protection of slots and post office from other users of the machine: docs/trust.md."""

import json
import os

import lab
from lab import message_from
from neighbour import MOST_CONNECTIONS, REFUSED, REGISTERED
from neighbourhood import Neighbourhood
from test_daemon_users import ANN, BOB, as_user


class Neighbours(Neighbourhood):
    def test_descriptors_that_are_not_what_they_should_be_are_refused(self):
        self.listen(BOB, "BOBS")
        said = self.done("hand_over_descriptors")
        self.assertGreaterEqual(len(said), 13)
        self.assertEqual(set(said.values()), {REFUSED}, said)
        self.assert_unhurt("after the descriptors")

    def test_an_event_that_blocks_holds_up_nobody(self):
        bobs = self.listen(BOB, "BOBS")
        bob = self.bob("hand_over_an_event_that_blocks")
        self.assertEqual(json.loads(bob.line()), REGISTERED)
        for number in range(3):
            bob.process.stdin.write(b"\n")
            bob.process.stdin.flush()
            self.assertEqual(bob.line(), b"armed\n")
            self.a.put("//*/mailslot/EVIL", "ring")
            self.assert_unhurt(f"after the bell {number}")
        self.assertIsNone(bobs.process.poll())

    def test_a_flood_of_registrations_is_bounded_and_keeps_nobody_out(self):
        self.listen(BOB, "BOBS")
        bob = self.bob("flood")
        registered, refused = json.loads(bob.line())
        self.assertLess(registered, MOST_CONNECTIONS)
        self.assertGreaterEqual(refused, 200)
        self.assert_unhurt("in the flood")
        late = self.listen(ANN, "LATE")
        self.a.put("//*/mailslot/LATE", "she still comes in")
        self.assertEqual(message_from(late)["text"], "she still comes in")

    def test_what_is_anns_stays_hers(self):
        self.listen(BOB, "BOBS")
        said = self.done("take_what_is_anns")
        refusals = {"put a file beside her socket", "have her socket removed", "remove her socket", "rename her socket", "remove the office's socket", "write an entry",
                    "open the office's lock", "claim at the takeover socket"}
        for what, answer in said.items():
            self.assertEqual(answer, "refused" if what in refusals else REFUSED, what)
        self.assert_unhurt("after Bob's tries")
        self.assertEqual(self.b.run("put", "ANNS", "by Bob", prefix=as_user(BOB))[0], 5)
        self.assertEqual(self.b.run("info", "ANNS", prefix=as_user(BOB))[0], 5)

    def test_a_folder_that_somebody_else_made_first_is_not_used(self):
        shared = self.b.folder / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        bobs, link = shared / "bobs", shared / "link"
        bobs.mkdir(mode=0o777)
        os.chown(bobs, BOB, BOB)
        bobs.chmod(0o777)
        link.symlink_to(bobs)
        os.chown(link, BOB, BOB, follow_symlinks=False)
        for folder, expected in ((bobs, 5), (link, 2)):
            with self.subTest(folder=folder.name):
                running = self.b.start("get", "ANNS2", "--timeout", "0", prefix=as_user(ANN),
                                       environment={"MAILSLOT_DIR": str(folder)})
                status, out, err = running.end()
                self.assertEqual((status, out), (expected, b""), err)
                self.assertIn(str(folder), err)
                self.assertEqual(list(bobs.iterdir()), [])

    def test_links_in_the_place_of_its_files_lead_nowhere(self):
        """A folder that all may write to, made by root for sharing."""
        shared = self.b.folder / "common"
        shared.mkdir()
        shared.chmod(0o1777)
        secret = self.b.folder / "secret"
        secret.write_text("Ann's own")
        os.chown(secret, ANN, ANN)
        for name in ("lock", "office.lock", "slots", "readers"):
            (shared / name).symlink_to(secret)
            os.chown(shared / name, BOB, BOB, follow_symlinks=False)
        running = self.b.start("get", "ANNS3", "--timeout", "0", prefix=as_user(ANN),
                               environment={"MAILSLOT_DIR": str(shared)})
        status, _, err = running.end()
        self.assertIn(status, (1, 5), err)
        self.assertNotEqual(err, "")
        self.assertEqual(secret.read_text(), "Ann's own")


if __name__ == "__main__":
    lab.main()
