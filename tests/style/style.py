"""usage: style.py CHECK ROOT; prints faults. Exit status: 0 none, 1 some, 77 a tool is missing."""

import pathlib
import sys

sys.dont_write_bytecode = True

import documents  # noqa: E402
import error_words  # noqa: E402
import layers  # noqa: E402
import lists  # noqa: E402
import places  # noqa: E402
import plain_words  # noqa: E402
import sizes  # noqa: E402
import tools  # noqa: E402

CHECKS = {
    "layers": layers.problems,
    "sizes": sizes.problems,
    "documents": documents.problems,
    "places": places.problems,
    "lists": lists.problems,
    "error_words": error_words.problems,
    "words": plain_words.problems,
    "format": tools.unformatted,
    "shellcheck": tools.bad_shell,
    "codespell": tools.misspelt,
}


def main(check, root):
    try:
        found = CHECKS[check](pathlib.Path(root).resolve())
    except tools.ToolMissing as missing:
        print(f"skipped: {missing} is not installed")
        return 77
    print("\n".join(found) or f"{check}: nothing wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
