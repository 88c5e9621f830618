"""mailslot record, search and export: messages kept in a file."""

import json
import os
import random
import resource
import subprocess
import sys
import time
import unittest

import support

KILLS = int(os.environ.get("MAILSLOT_KILLS", "12"))


class History(support.CommandTest):
    def setUp(self):
        super().setUp()
        if not (support.PROGRAM.parent / "mailslot-record").exists():
            self.skipTest("built without the store")
        self.store = str(self.folder / "test.store")

    def record(self, *arguments, store=None, **streams):
        recorder = self.start("record", "--verbose", *arguments, store or self.store, **streams)
        said = recorder.error_line()
        self.assertEqual(said, f"mailslot: recording into {store or self.store}\n")
        return recorder

    def stop(self, recorder):
        status, out, err = recorder.stop()
        self.assertEqual((status, out), (0, b""), err)
        return err

    def record_lines(self, lines, *options):
        """Records the lines as messages to IN."""
        recorder = self.record("IN")
        self.put("IN", *options, stdin="".join(f"{line}\n" for line in lines).encode())
        return self.stop(recorder)

    def search(self, *query, status=0):
        got, out, err = self.run_command("search", self.store, *query)
        self.assertEqual(got, status, err)
        return out.decode().splitlines()

    def export(self, *arguments):
        status, out, err = self.run_command("export", self.store, *arguments)
        self.assertEqual((status, err), (0, ""))
        return [json.loads(line) for line in out.splitlines()]

    def texts(self, *arguments):
        return [message["text"] for message in self.export(*arguments)]


class Record(History):
    def test_messages_are_recorded_and_exported_in_order(self):
        lines = [f"number {i}" for i in range(5000)]
        said = self.record_lines(lines)
        self.assertEqual(said, f"mailslot: 5,000 messages recorded in {self.store}, 0 lost, 0 not stored\n")
        self.assertEqual(self.texts(), lines)
        self.assertFalse(os.path.exists(self.store + "-wal"))

    def test_the_envelope_is_recorded(self):
        recorder = self.record("IN", "OUT")
        self.put("OUT", "--label", "level=40", "--label", "logger=db", "slow")
        self.stop(recorder)
        message, = self.export()
        self.assertEqual({key: message[key] for key in ("slot", "text", "from_host", "trust", "sequence", "lost_before", "labels")},
                         {"slot": "OUT", "text": "slow", "from_host": "TESTHOST", "trust": "local", "sequence": 1,
                          "lost_before": 0, "labels": {"level": "40", "logger": "db"}})
        self.assertEqual(message["position"], "1-0")
        self.assertLessEqual(message["sent_at"], message["kept_at"])

    def test_bytes_and_empty_messages_come_out_as_they_went_in(self):
        recorder = self.record("IN")
        self.put("IN", "--whole", "--bytes", stdin=b"\0\xff\n")
        self.put("IN", "")
        self.stop(recorder)
        first, second = self.export()
        self.assertEqual((first["base64"], second["text"]), ("AP8K", ""))

    def test_a_recording_is_continued(self):
        self.record_lines(["one"])
        self.record_lines(["two"])
        self.assertEqual(self.texts(), ["one", "two"])
        events = self.export("--events")
        self.assertEqual([event["event"] for event in events], ["started", "ended"] * 2)
        self.assertEqual([event["position"] for event in events], ["1-0", "1-1", "2-0", "2-1"])

    def test_a_second_recorder_is_refused(self):
        self.record("IN")
        self.assert_fails(1, "record", "OTHER", self.store, says="another keeper writes")

    def test_other_files_are_refused_and_stay(self):
        other = self.folder / "notes.txt"
        other.write_text("not a store\n" * 1000)
        for command in (("record", "IN", str(other)), ("search", str(other)), ("export", str(other))):
            self.assert_fails(1, *command, says="not a readable store")
        self.assertEqual(other.read_text(), "not a store\n" * 1000)
        self.assert_fails(2, "record", "IN", says="the slots, then the file")

    def test_what_is_no_file_is_refused_at_once(self):
        os.mkfifo(self.store)
        for command in (("record", "IN", self.store), ("search", self.store, "x"), ("export", self.store)):
            status, out, err = self.run_command(*command)
            self.assertEqual((status, out), (1, b""), command)
            self.assertIn("this is no regular file", err)

    def test_no_message_is_kept_before_it_was_sent(self):
        self.record_lines(["x" * 1000] * 3000)
        for message in self.export():
            self.assertLessEqual(message["sent_at"], message["kept_at"])

    def test_until_ends_the_recording(self):
        moment = time.localtime(time.time() + 2)
        recorder = self.record("IN", "--until", time.strftime("%Y-%m-%dT%H:%M:%S", moment))
        self.put("IN", "x")
        self.assertEqual(recorder.end()[0], 0)
        self.assertEqual(self.texts(), ["x"])

    def test_wrong_options_are_refused(self):
        for option, value in (("--until", "noon"), ("--keep-age", "5"), ("--keep-bytes", "10")):
            self.assert_fails(2, "record", "IN", self.store, option, value, says=f"'{value}'")
        self.assertFalse(os.path.exists(self.store))

    def test_a_slot_named_twice_and_a_past_end_are_refused(self):
        self.assertEqual(self.run_command("record", "IN", "OUT", "IN", self.store), (2, b"", "mailslot: IN is named twice\n"))
        status, out, err = self.run_command("record", "IN", self.store, "--until", "2020-01-01")
        self.assertEqual((status, out), (2, b""))
        self.assertIn("2020-01-01 is past", err)
        self.assertFalse(os.path.exists(self.store))

    def test_the_file_keeps_within_its_bound(self):
        recorder = self.record("IN", "--keep-bytes", "1MiB")
        generator = random.Random(1)
        lines = [" ".join(f"{generator.getrandbits(64):016x}" for _ in range(12)) for _ in range(40_000)]
        self.put("IN", stdin="\n".join(lines).encode())
        self.stop(recorder)
        kept = self.texts()
        self.assertLess(os.path.getsize(self.store), 1.05 * (1 << 20))
        self.assertGreater(len(kept), 1000)
        self.assertEqual(kept, lines[-len(kept):])

    def test_losses_of_the_slot_are_events(self):
        recorder = self.record("IN", "--max-bytes", "1000")
        self.assert_fails(1, "put", "IN", "x" * 1001, says="too big")
        self.stop(recorder)
        lost = [event for event in self.export("--events") if event["event"] == "lost"]
        self.assertEqual([(event["count"], event["detail"]) for event in lost], [(1, "IN: message_too_big")])

    def test_a_full_disk_ends_nothing(self):
        recorder = self.record("IN")
        pid = recorder.process.pid
        self.put("IN", "before")
        follower = self.start("export", self.store, "--follow")
        self.assertEqual(json.loads(follower.line())["text"], "before")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        self.put("IN", "during")
        self.assertIn("cannot store messages: ", recorder.error_line())
        self.put("IN", "also during")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertRegex(recorder.error_line(), "stores messages again; [12] messages? w")
        self.put("IN", "after")
        self.assertEqual(json.loads(follower.line())["text"], "after")
        follower.stop()
        status, _, err = recorder.stop()
        self.assertEqual(status, 1)
        self.assertRegex(err, "2 messages recorded in .*, 0 lost, [12] not stored")
        self.assertEqual(self.texts(), ["before", "after"])
        self.assertIn("not_stored", [event["event"] for event in self.export("--events")])

    def test_a_killed_recorder_leaves_a_whole_store(self):
        """Each time, the store has the messages of all rounds from their first on, without a gap inside a round."""
        generator = random.Random(3)
        source = "import sys\nfor i in range(10**9): sys.stdout.write(f'{sys.argv[1]} {i} ' + 'x' * 70 + '\\n')"
        for round_number in range(KILLS):
            recorder = self.record("IN")
            numbers = subprocess.Popen([sys.executable, "-c", source, str(round_number)], stdout=subprocess.PIPE)
            writer = self.start("put", "IN", "--stop-on-error", stdin=numbers.stdout)
            follower = self.start("export", self.store, "--follow", "--format", "json", f'"{round_number} 0"')
            follower.line()  # the first message is in the file
            time.sleep(generator.uniform(0, 0.15))  # a random moment is the point of the test
            recorder.process.kill()
            recorder.process.wait()
            numbers.kill()
            numbers.wait()
            numbers.stdout.close()
            writer.process.kill()
            writer.process.wait()
            follower.stop()
        kept = {}
        for text in self.texts():
            number, i, _ = text.split()
            kept.setdefault(int(number), []).append(int(i))
        self.assertEqual(sorted(kept), list(range(KILLS)))
        for number, found in kept.items():
            self.assertEqual(found, list(range(len(found))), number)


class Search(History):
    def test_newest_first_with_time_host_slot_and_level(self):
        recorder = self.record("IN")
        self.put("IN", "one")
        self.put("IN", "--label", "level=30", "two")
        self.stop(recorder)
        newest, oldest = self.search()
        self.assertRegex(newest, r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} TESTHOST IN WARNING two\Z")
        self.assertRegex(oldest, r" TESTHOST IN one\Z")

    def test_queries(self):
        self.record_lines(["the disk is full", "diskette", "all is well", "timeout of beta"])
        for query, found in ((["disk"], 1), (["*disk*"], 2), (['"disk is full"'], 1), (["/d.sk/"], 2), (["disk|well"], 2),
                             (["--", "-disk"], 3), (["host:testhost", "slot:in"], 4), (["since:-5m"], 4), (["trust:local"], 4)):
            with self.subTest(query=query):
                self.assertEqual(len(self.search(*query)), found)
        for query in (["absent"], ["until:-5m"], ["host:beta"], ["level:>=debug"]):
            with self.subTest(query=query):
                self.assertEqual(self.search(*query, status=3), [])

    def test_json_count_and_limit(self):
        self.record_lines([f"number {i}" for i in range(100)])
        self.assertEqual(self.search("--count", "number"), ["100"])
        self.assertEqual([json.loads(line)["text"] for line in self.search("--json", "--limit", "2")], ["number 99", "number 98"])

    def test_a_file_that_is_not_there(self):
        self.assert_fails(1, "search", self.store, "x", says="there is no such file; 'mailslot record' makes a store")

    def test_a_wrong_query_names_the_place(self):
        self.record_lines(["x"])
        self.assert_fails(2, "search", self.store, "level:>=wrning", says="unknown level 'wrning'")
        self.assert_fails(2, "export", self.store, "a", '"b', says="(at character 3)")

    def test_no_message_forges_a_line(self):
        recorder = self.record("IN")
        self.put("IN", "--whole", stdin=b"x\n2026-12-01 12:00:00.000 beta IN all is well\x1b[2J")
        self.stop(recorder)
        first, second = self.search()
        self.assertTrue(first.endswith(" TESTHOST IN x"))
        self.assertEqual(second, "    2026-12-01 12:00:00.000 beta IN all is well\\x1b[2J")

    def test_the_summary_says_how_many(self):
        self.record_lines(["one", "two"])
        _, _, err = self.run_command("search", self.store, "one")
        self.assertRegex(err, r"\Amailslot: 1 message found, 2 searched in \d+ ms\n\Z")

    def test_a_damaged_store_is_searched_as_far_as_it_can_be(self):
        generator = random.Random(5)
        self.record_lines([f"{i} {generator.getrandbits(400):x}" for i in range(20_000)])
        size = os.path.getsize(self.store)
        with open(self.store, "r+b") as file:
            file.seek(size // 2)
            file.write(bytes(64))
        status, out, err = self.run_command("search", self.store, "--json")
        self.assertEqual(status, 1)
        self.assertIn("the file is damaged: 1 places could not be read", err)
        self.assertGreater(len(out.splitlines()), 10_000)


class Export(History):
    def test_text_and_a_position_to_begin_at(self):
        self.record_lines(["one", "two", "three"])
        position = self.export()[1]["position"]
        self.assertEqual(self.texts("--from", position), ["two", "three"])
        status, out, _ = self.run_command("export", self.store, "--format", "text", "three")
        self.assertEqual(status, 0)
        self.assertRegex(out.decode(), r"\A\S+ \S+ TESTHOST IN three\n\Z")
        self.assert_fails(2, "export", self.store, "--from", "x", says="not a position")

    def test_follow_shows_what_is_recorded_without_gap_and_repeat(self):
        recorder = self.record("IN")
        self.put("IN", stdin="".join(f"{i}\n" for i in range(1000)).encode())
        follower = self.start("export", self.store, "--follow")
        self.put("IN", stdin="".join(f"{i}\n" for i in range(1000, 20_000)).encode())
        self.assertEqual([json.loads(follower.line())["text"] for _ in range(20_000)], [str(i) for i in range(20_000)])
        self.assertEqual(follower.stop(), (0, b"", ""))
        self.stop(recorder)

    def test_since_shows_what_was_recorded_since_then(self):
        self.record_lines(["old"])
        self.assertEqual(self.texts("since:-1h"), ["old"])
        self.assertEqual(self.texts("until:-1h"), [])


class Programs(History):
    def test_the_command_itself_links_nothing_of_the_store(self):
        linked = subprocess.run(["ldd", support.PROGRAM], capture_output=True, text=True, check=True).stdout
        self.assertNotRegex(linked, "sqlite|zstd|re2")

    def test_the_programs_are_found_by_a_folder_in_the_environment(self):
        self.record_lines(["x"])
        self.environment["MAILSLOT_LIBEXEC"] = str(support.PROGRAM.parent)
        self.assertEqual(len(self.search()), 1)
        self.environment["MAILSLOT_LIBEXEC"] = str(self.folder)
        self.assert_fails(1, "search", self.store, says="mailslot-search is not installed")


if __name__ == "__main__":
    support.main()
