"""mailslot key: keys of domains, their files, and refusals."""

import json
import os
import re
import stat

import support


class Key(support.CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "mailslot.toml").write_text("")
        self.environment["MAILSLOT_CONFIG"] = str(self.folder / "mailslot.toml")
        self.keys = self.folder / "keys"

    def key(self, *arguments, stdin=b"", status=0):
        got, out, err = self.run_command("key", *arguments, stdin=stdin)
        self.assertEqual(got, status, err)
        return out, err

    def listed(self):
        return [json.loads(line) for line in self.key("list", "--json")[0].splitlines()]

    def test_new_makes_a_file_that_only_its_owner_may_read(self):
        out, err = self.key("new", "Lab")
        self.assertEqual(out, b"")
        file = self.keys / "LAB.key"
        self.assertIn(str(file), err)
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.keys.stat().st_mode), 0o755)
        self.assertEqual([p.name for p in self.keys.iterdir()], ["LAB.key"])
        (entry,) = self.listed()
        self.assertEqual((entry["domain"], entry["file"], entry["readable"]), ("Lab", str(file), True))
        self.assertRegex(entry["current"]["id"], r"\A[0-9a-f]{8}\Z")
        self.assertRegex(entry["current"]["created"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")

    def test_no_key_is_shown_but_by_export(self):
        self.key("new", "LAB")
        secret = re.search(r"current \S+ ([0-9a-f]{64})", (self.keys / "LAB.key").read_text())[1]
        for arguments in (("list",), ("list", "--json"), ("rotate", "LAB"), ("rotate", "LAB"), ("rotate", "LAB", "--finish"),
                          ("new", "OTHER"), ("remove", "OTHER")):
            out, err = self.key(*arguments)
            self.assertNotIn(secret, out.decode() + err, arguments)
        self.assertNotIn(secret.encode(), self.key("export", "LAB")[0])  # changed meanwhile
        self.key("new", "LAB", "--replace")
        secret = re.search(r"current \S+ ([0-9a-f]{64})", (self.keys / "LAB.key").read_text())[1]
        self.assertIn(secret.encode(), self.key("export", "LAB")[0])

    def test_what_is_there_is_not_replaced_unless_asked(self):
        self.key("new", "LAB")
        before = self.listed()
        _, err = self.key("new", "lab", status=1)
        self.assertIn("--replace", err)
        self.assertEqual(self.listed(), before)
        self.key("new", "LAB", "--replace")
        self.assertNotEqual(self.listed(), before)

    def test_export_and_import(self):
        self.key("new", "LAB")
        before = self.listed()
        text, _ = self.key("export", "lab")
        copy = self.folder / "copy"
        _, err = self.key("export", "LAB", "--output", str(copy))
        self.assertIn("secret", err)
        self.assertEqual((copy.read_bytes(), stat.S_IMODE(copy.stat().st_mode)), (text, 0o600))
        self.key("export", "LAB", "--output", str(copy), status=1)
        for how in ((), ("-",), (str(copy),)):
            self.key("remove", "LAB")
            self.assertEqual(self.listed(), [])
            self.key("import", *how, stdin=text)
            self.assertEqual(self.listed(), before)
        copy.chmod(0o644)
        self.assertIn("other users may read this file", self.key("import", str(copy))[1])

    def test_import_refuses_another_key_and_what_is_none(self):
        self.key("new", "LAB")
        text, _ = self.key("export", "LAB")
        self.key("new", "LAB", "--replace")
        before = self.listed()
        self.assertIn("--replace", self.key("import", stdin=text, status=1)[1])
        for bad in (b"", b"hello", text.replace(b"current", b"courant"), text[:-60], b"\0" * 5000, os.urandom(5000)):
            self.key("import", stdin=bad, status=2)
        self.assertEqual(self.listed(), before)
        self.key("import", "--replace", stdin=text)
        self.assertEqual(self.key("export", "LAB")[0], text)

    def test_a_change_of_key_goes_its_steps_here_and_on_another_machine(self):
        def ids(entry):
            return {state: entry[state]["id"] for state in ("current", "next", "previous") if state in entry}

        self.key("new", "LAB")
        old = self.listed()[0]["current"]["id"]
        at_first, _ = self.key("export", "LAB")
        self.key("rotate", "LAB", "--finish", status=1)
        self.assertIn("export", self.key("rotate", "LAB")[1])
        new = self.listed()[0]["next"]["id"]
        self.assertEqual(ids(self.listed()[0]), {"current": old, "next": new})
        with_next, _ = self.key("export", "LAB")
        self.key("import", stdin=at_first)  # an older state takes nothing away
        self.assertEqual(ids(self.listed()[0]), {"current": old, "next": new})
        self.key("rotate", "LAB")
        self.assertEqual(ids(self.listed()[0]), {"current": new, "previous": old})
        self.key("import", stdin=with_next)
        self.assertEqual(ids(self.listed()[0]), {"current": new, "previous": old})
        self.key("rotate", "LAB", status=1)
        self.key("rotate", "LAB", "--finish")
        self.assertEqual(ids(self.listed()[0]), {"current": new})

        self.key("import", "--replace", stdin=at_first)  # as another machine would
        self.key("import", stdin=with_next)
        self.assertEqual(ids(self.listed()[0]), {"current": old, "next": new})

    def test_a_file_that_others_may_read_stops_every_program_and_says_the_command(self):
        self.key("new", "LAB")
        file = self.keys / "LAB.key"
        file.chmod(0o640)
        for arguments in (("listen", "IN", "--timeout", "1"), ("put", "//*/mailslot/IN", "x"), ("key", "list"),
                          ("key", "export", "LAB")):
            status, _, err = self.run_command(*arguments)
            self.assertEqual(status, 2, arguments)
            self.assertIn(f"chmod 600 '{file}'", err)
        status, out, _ = self.run_command("doctor", "--json")
        found = {f["check"]: f for f in map(json.loads, out.splitlines())}["keys"]
        self.assertEqual((status, found["cause"], found["fix"]), (1, "bad_key", f"chmod 600 '{file}'"))
        file.chmod(0o600)
        self.keys.chmod(0o777)
        _, err = self.key("list", status=2)
        self.assertIn(f"chmod go-w '{self.keys}'", err)

    def test_a_default_domain_without_its_key_is_found_by_doctor(self):
        (self.folder / "mailslot.toml").write_text('default_domain = "LAB"\n')
        status, out, _ = self.run_command("doctor", "--json")
        found = {f["check"]: f for f in map(json.loads, out.splitlines())}["keys"]
        self.assertEqual(found["cause"], "no_default_key")

    def test_wrong_use(self):
        for arguments in (("key",), ("key", "make"), ("key", "new"), ("key", "export"), ("key", "new", "a/b"), ("key", "new", ".."),
                          ("listen", "IN", "--require", "much")):
            self.assert_fails(2, *arguments)
        self.key("export", "NONE", status=5)
        self.key("remove", "NONE", status=1)


if __name__ == "__main__":
    support.main()
