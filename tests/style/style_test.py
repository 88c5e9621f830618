"""Tests that every check of style.py finds its faults: each runs on small bad trees."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import classes  # noqa: E402
import documents  # noqa: E402
import error_words  # noqa: E402
import layers  # noqa: E402
import lists  # noqa: E402
import places  # noqa: E402
import plain_words  # noqa: E402
import sizes  # noqa: E402
import tools  # noqa: E402

ROOMS = """
| room | holds | may include |
|---|---|---|
| `include/mailslot/` | the public API | nothing else of ours |
| `src/base/` | cursors | public headers |
| `src/model/` | nouns; no I/O | base; of the public headers `result.h` |
| `src/os/` | the system | base, model |
| `tools/` | commands | all rooms above |
"""
GOOD_TREE = {
    "docs/ARCHITECTURE.md": ROOMS,
    "include/mailslot/result.h": "#include <string>\n",
    "include/mailslot/all.h": "",
    "src/base/bytes.h": '#include "mailslot/result.h"\n',
    "src/base/testing/fake.h": "",
    "src/model/name.h": '#include "base/bytes.h"\n#include "mailslot/result.h"\n',
    "src/model/name_test.cc": '#include <gtest/gtest.h>\n#include "base/testing/fake.h"\n',
    "src/os/loop.cc": '#ifdef __linux__\n#include <unistd.h>\n#include "model/name.h"\n#endif\n',
    "tools/mailslot/main.cc": '#include "os/loop.cc"\n#include "mailslot/main.h"\n',
    "tools/mailslot/main.h": "",
}


class Trees(unittest.TestCase):
    def found(self, problems, files):
        """Returns the check's output for a tree of these files."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return problems(root)

    def expect(self, problems, files, words):
        """Expects a single problem with these words."""
        found = self.found(problems, files)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])


class Layers(Trees):
    def test_accepts_what_the_table_allows(self):
        self.assertEqual(self.found(layers.problems, GOOD_TREE), [])

    def test_refuses_each_wrong_include(self):
        rows = [
            ("src/base/up.h", '#include "model/name.h"\n', "src/base/up.h:1: includes src/model/name.h"),
            ("src/model/up.cc", '\n#  include <os/loop.cc>\n', "src/model/up.cc:2: includes src/os/loop.cc"),
            ("src/model/up.h", '#include "mailslot/all.h"\n', "src/model/up.h:1: includes include/mailslot/all.h"),
            ("src/base/up.h", '#include "mailslot/main.h"\n', "includes tools/mailslot/main.h"),
            ("include/mailslot/up.h", '#include "base/bytes.h"\n', "includes src/base/bytes.h"),
            ("src/model/up.cc", "#include <sys/socket.h>\n", "src/model/up.cc:1: includes <sys/socket.h>; the system is"),
            ("tools/mailslot/up.cc", "#include <poll.h>\n", "tools/mailslot/up.cc:1: includes <poll.h>; the system is"),
            ("include/mailslot/up.h", "#include <sodium.h>\n", "public headers need the C++ library only"),
            ("src/model/up.h", '#include "base/testing/fake.h"\n', "which is for tests"),
            ("src/model/up.h", '#include "name.h"\n', "no file of ours"),
            ("src/new/up.h", "", "stands in no room"),
            ("src/model/up.h", "void wait(int fd);\n", "src/model/up.h: `int fd`; a descriptor is an os::Handle"),
            ("src/model/up.h", "#if defined(_WIN32)\n#endif\n", "_WIN32 outside src/os"),
        ]
        for name, text, words in rows:
            with self.subTest(words):
                self.expect(layers.problems, {**GOOD_TREE, name: text}, words)

    def test_refuses_a_page_without_its_table_or_with_an_unknown_room(self):
        self.expect(layers.problems, {"docs/ARCHITECTURE.md": "# Rooms\n"}, "no table of rooms")
        page = ROOMS + "| `src/post/` | office | base, carrier |\n"
        self.expect(layers.problems, {**GOOD_TREE, "docs/ARCHITECTURE.md": page}, "no room src/carrier")


class Sizes(Trees):
    def test_counts_a_function_from_its_first_line_to_its_last(self):
        rows = [  # text before a function, and its first lines
            ("", "void a() {\n"),
            ("// What it is for.\n#define X {\n", "Room::Room(int x) : a_{x}, b_{[] { return 1; }} {\n"),
            ("", "TEST(A, b) {\n"),
            ("namespace x {\nclass API A final : public B {\n    int c_{1};\n", "    int b() const override {\n"),
            ("constexpr int kTable[] = {1, 2};\n", "auto a() -> int {\n"),
            ("enum class A : int { b, c };  // {\n", "template <class T>\nT a(T x) {\n"),
            ("", "void a(char c = '{') { g(\"}\", R\"x({)x\");\n"),
        ]
        for before, head in rows:
            with self.subTest(head):
                longest = before + head + "    f();\n" * (69 - head.count("\n"))
                self.assertEqual(self.found(sizes.problems, {"src/a.cc": longest + "}\n"}), [])
                first = before.count("\n") + 1
                self.expect(sizes.problems, {"src/a.cc": longest + "    f();\n}\n"},
                            f"src/a.cc:{first}: a function of 71 lines")

    def test_takes_no_table_class_or_namespace_for_a_function(self):
        rows = "    {1, g(2)},\n" * 90
        for head in ("constexpr Case kCases[] = {\n", "namespace a::b {\n", "struct A {\n", "const A a{\n"):
            with self.subTest(head):
                inside = rows if head[0] == "c" else "int f();\n" * 90
                self.assertEqual(self.found(sizes.problems, {"src/a.cc": head + inside + "};\n"}), [])

    def test_refuses_a_file_over_the_limit(self):
        self.assertEqual(self.found(sizes.problems, {"tools/a.h": "int a;\n" * 500}), [])
        self.expect(sizes.problems, {"tools/a.h": "int a;\n" * 501}, "tools/a.h: 501 lines")
        self.assertEqual(self.found(sizes.problems, {"src/model/fold_table.cc": "int a;\n" * 501}), [])


class Documents(Trees):
    TREE = {
        "include/mailslot/result.h": "enum class Errc : int {\n    bad_name = 1,  // x\n    closed,\n};\n",
        "tools/mailslot/exit_status_test.cc": "{Errc::bad_name, 2}, {Errc::closed, 1},",
        "docs/errors.md": "| `bad_name` | x | 2 |\n| `closed` | x | 1 |\n",
        "src/config/settings_file.cc": '"MAILSLOT_DIR"',
        "docs/configuration.md": "| `MAILSLOT_DIR` | x |\n",
        "docs/decisions/README.md": "[1](0001-a.md)",
        "docs/decisions/0001-a.md": "",
    }

    def test_accepts_complete_tables(self):
        self.assertEqual(self.found(documents.problems, self.TREE), [])

    def test_refuses_what_is_missing(self):
        rows = [
            ("tools/mailslot/exit_status_test.cc", "{Errc::closed, 5}", "`closed` ends the commands with 5"),
            ("tools/mailslot/exit_status_test.cc", "", "found no exit status in the code"),
            ("include/mailslot/result.h", "enum class Errc { new_one, };", "Errc `new_one` is missing"),
            ("include/mailslot/result.h", "", "found no Errc in the code"),
            ("docs/configuration.md", "| `host` | x |\n", "variable `MAILSLOT_DIR` is missing"),
            ("docs/decisions/0002-b.md", "", "0002-b.md is missing"),
            ("src/os/clock.h", "", "system-port.md: clock.h is missing"),
            ("docs/new.md", "[x](none.md)", "links to none.md"),
            ("docs/protocol/local-socket.md", "```\n01    a\n02 ff\n```\n", "does not have the packet 0102ff"),
            ("docs/protocol/local-socket.md", "```\n| a |\n```\n", "found no worked packet"),
        ]
        for name, text, words in rows:
            with self.subTest(words):
                self.expect(documents.problems, {**self.TREE, name: text}, words)


class Places(Trees):
    def test_refuses_a_place_of_one_machine(self):
        for place in ("/wo" "rk/a", "see ../sha" "red/a", '"/ho' 'me/bob/a"'):
            with self.subTest(place):
                self.expect(places.problems, {"docs/a.md": f"x\n{place}\n"}, "docs/a.md:2: names")
        self.assertEqual(self.found(places.problems, {"docs/a.md": "net" "/wo" "rk/a, framework/\n"}), [])


class Lists(Trees):
    TREE = {
        "CONTRIBUTING.md": "# C\n" + "".join(f"\n## How to add a {what}\n\nx\n\n1. `src/model/NAME.h`: y\n   z.\n"
                                            for what in lists.LONGEST),
        "src/model/settings.h": "",
        "tools/mailslot/commands/put.cc": 'const Command put_command{\n    10, "put", "x"};\n',
        "include/mailslot/types.h": 'kLossCauses[] = {\n    {"slot_full", &Losses::slot_full, "x"},\n};\n',
        "src/config/settings_table.cc": '        {"hop_limit", f},\n',
        "README.md": "x\n| `mailslot put` | x |\n",
        "docs/man/mailslot.1.scd": "x\n## mailslot put ADDRESS\n\n|  slot\\_full\n:  x\n",
        "docs/man/mailslot.toml.5.scd": "x\n*hop\\_limit* = 1\n",
        "docs/operations.md": "x\n| `slot_full` | x |\n",
        "docs/configuration.md": "x\n| `hop_limit` | x |\n",
        "python/mailslot/_mailslot.pyi": "    def slot_full(self) -> int: ...\n",
    }

    def test_accepts_complete_lists(self):
        self.assertEqual(self.found(lists.problems, self.TREE), [])

    def test_refuses_what_is_missing(self):
        whole = self.TREE["CONTRIBUTING.md"]
        rows = [
            ("CONTRIBUTING.md", whole.replace("add a setting", "add"), "no list for adding a setting"),
            ("CONTRIBUTING.md", whole + "1. `src/model/a*.h`: x.\n", "no file for '`src/model/a*.h`"),
            ("CONTRIBUTING.md", whole + "1. `README.md`: x.\n" * 4, "a setting takes 5 files"),
            ("README.md", "| `mailslot get` | x |\n", "README.md: the command put is missing"),
            ("docs/man/mailslot.1.scd", "x\n## mailslot put A\n", "mailslot.1.scd: the loss cause slot_full"),
            ("docs/man/mailslot.1.scd", "x\n|  slot_full\n", "mailslot.1.scd: the command put is missing"),
            ("docs/operations.md", "", "operations.md: the loss cause slot_full is missing"),
            ("python/mailslot/_mailslot.pyi", "", "the loss cause slot_full is missing"),
            ("docs/configuration.md", "", "configuration.md: the setting hop_limit is missing"),
            ("docs/man/mailslot.toml.5.scd", "", "the setting hop_limit is missing"),
            ("include/mailslot/types.h", "", "found no loss cause in the code"),
            ("src/config/settings_table.cc", "", "found no setting in the code"),
        ]
        for name, text, words in rows:
            with self.subTest(words):
                self.expect(lists.problems, {**self.TREE, name: text}, words)


class ErrorWords(Trees):
    def test_refuses_decisions_by_words(self):
        for line in ('if (std::string_view(error.step) == "seal") f();', "return sent.error().step != kRefusal;",
                     'if (why.detail.starts_with("a")) f();', 'if (error.detail.find("full") != npos) f();',
                     "if (x == std::string_view(error->step)) f();", 'if (strcmp(error.step, "a") == 0) f();'):
            with self.subTest(line):
                self.expect(error_words.problems, {"src/a.cc": f"\n{line}\n"}, "src/a.cc:2: decides by the words")
                self.assertEqual(self.found(error_words.problems, {"src/a_test.cc": line}), [])

    def test_accepts_codes_reasons_and_other_details(self):
        text = "if (error.reason == Reason::no_key) f();\nif (message.detail == x) f();\nerror.detail += error.step;\n"
        self.assertEqual(self.found(error_words.problems, {"src/a.cc": text}), [])


FILLER = "The reader takes messages and the writer puts messages. "  # 9 words


class Words(Trees):
    TREE = {
        "src/a.h": f"// {FILLER}\nint a;\n" * 200,
        "README.md": FILLER * 200 + "`who who who`\n```\nwho who who\n```\n[x](who)\n",
        "docs/man/a.1.scd": FILLER * 200,
        "docs/lab/0001-a.md": "It is it, who.\n",  # not limited
        "src/a_test.cc": "// What it is.\n",
    }

    def test_accepts_plain_words_and_ignores_code(self):
        self.assertEqual(self.found(plain_words.problems, self.TREE), [])

    def test_refuses_each_word_that_is_too_frequent(self):
        for word in plain_words.COMMENT_LIMITS:  # all limits are below 12 per thousand
            with self.subTest(word):
                often = f"the {word} " * 30
                self.expect(plain_words.problems, {**self.TREE, "src/b.cc": f"int b; // {often}\n"}, f"comments: 16.1 '{word}'")
                for page in ("README.md", "docs/man/a.1.scd"):
                    self.expect(plain_words.problems, {**self.TREE, page: self.TREE[page] + often}, f"{page}: 16.1 '{word}'")

    def test_refuses_weak_beginnings(self):
        weak = "// Those are messages\n// that wait.\nint b;\n"
        self.assertEqual(self.found(plain_words.problems, {**self.TREE, "tools/b.h": weak * 8}), [])
        self.expect(plain_words.problems, {**self.TREE, "tools/b.h": weak * 9}, "comments: 4.3 % begin")

    def test_refuses_a_tree_without_text(self):
        self.expect(plain_words.problems, {"src/a.h": "int a;\n", "README.md": "A\n"}, "found no comments")


class Classes(Trees):
    def test_counts_declared_and_defined_functions(self):
        rows = [
            ("class A {\npublic:\n    A();\n    ~A() = default;\n    int b() const { return f(); }\n    int c_ = f();\n};", 3),
            ("class A final : public B<int()> {\n    using F = void (*)(int);\n    std::function<void(int)> f_;\n};", 0),
            ("class A {\n    struct B {\n        void b();\n    };\n    bool operator==(const A&) const = default;\n};", 1),
            ("class A {\n    A(int a)\n        : a_{a} {\n        g();\n        if (a) { h(); }\n    }\n    int a_{1};\n};\nint f();", 1),
        ]
        for text, count in rows:
            with self.subTest(text):
                self.assertEqual(classes.functions_by_class(text)["A"], count)


class Tools(Trees):
    def test_each_finds_a_fault(self):
        rows = [
            (tools.unformatted, {"src/a.cc": "int  a ;\n"}, "src/a.cc"),
            (tools.bad_shell, {"scripts/a": "#!/usr/bin/env bash\nrm $1\n"}, "SC2086"),
            (tools.misspelt, {"docs/a.md": "rec" "ieve\n"}, "receive"),
        ]
        for check, files, words in rows:
            with self.subTest(words):
                try:
                    self.expect(check, files, words)
                except tools.ToolMissing as missing:
                    self.skipTest(f"{missing} is not installed")


if __name__ == "__main__":
    unittest.main()
