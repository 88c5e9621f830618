"""Checks the words of comments and documents: pronouns in place of nouns, and comments that begin with such a word.

Shares are per thousand words. Text between backquotes and code blocks of documents do not count.
"""

import re

from tree import own_files, read

WEAK = frozenset(
    "who whoever whom whose what whatever where wherever of one ones those that this these such so neither both either "
    "many few it its they them he".split())
COMMENT_LIMITS = {"it": 8, "one": 4, "who": 0.5, "what": 2}
PAGE_LIMITS = {"it": 10, "one": 5, "who": 0.7, "what": 3}
WEAK_LIMIT_PERCENT = 4
CHECKED_PAGES = re.compile(r"README\.md|docs/(ARCHITECTURE|operations|daemon|doctor|trust)\.md|docs/man/.*")

COMMENT_LINE = re.compile(r"\s*//+(?!\s?(?:---|===))\s?(.*)")
COMMENT_BEHIND_CODE = re.compile(r"[;{},)]\s+//\s?(.*)")
NO_PROSE = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|<!--.*?-->", re.DOTALL)


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def shares(text):
    """Returns the share of each limited word."""
    found = words(text)
    return {word: 1000 * found.count(word) / max(1, len(found)) for word in COMMENT_LIMITS}


def comments(text):
    """Returns the comments of a C++ file. Adjacent lines are one comment."""
    found, is_open = [], False
    for line in text.splitlines():
        whole = COMMENT_LINE.match(line)
        behind = None if line.lstrip().startswith("//") else COMMENT_BEHIND_CODE.search(line)
        if whole and is_open:
            found[-1] += " " + whole.group(1)
        elif whole or behind:
            found.append((whole or behind).group(1))
        is_open = whole is not None
    return [comment for comment in found if re.search("[A-Za-z]{2}", comment)]


def comments_of_tree(root):
    """Returns (path, comment) for the code of the library and the commands, without unit tests."""
    return [(file.relative_to(root).as_posix(), comment)
            for file in own_files(root, {".h", ".cc"}, ("include", "src", "tools")) if not file.name.endswith("_test.cc")
            for comment in comments(read(file))]


def begins_weakly(comment):
    return words(comment)[:1] != [] and words(comment)[0] in WEAK


def pages(root):
    """Returns (path, prose) for README.md and its like, the documents and the manual pages."""
    files = [*sorted(root.glob("*.md")), *own_files(root, {".md", ".scd"}, ("docs",))]
    return [(file.relative_to(root).as_posix(), NO_PROSE.sub(" ", read(file))) for file in files]


def over(name, found, limits):
    return [f"{name}: {found[word]:.1f} '{word}' per thousand words; {limit} is the limit: name the thing"
            for word, limit in limits.items() if found[word] > limit]


def problems(root):
    all_comments = comments_of_tree(root)
    checked = [(path, prose) for path, prose in pages(root) if CHECKED_PAGES.fullmatch(path)]
    if not all_comments or not checked:
        return ["found no comments, or no documents, to check"]
    found = over("comments", shares(" ".join(comment for _, comment in all_comments)), COMMENT_LIMITS)
    weak = [f"{path}: {comment[:40]}" for path, comment in all_comments if begins_weakly(comment)]
    percent = 100 * len(weak) / len(all_comments)
    if percent > WEAK_LIMIT_PERCENT:
        found.append(f"comments: {percent:.1f} % begin with a word like 'what'; {WEAK_LIMIT_PERCENT} % is the limit: begin "
                     "with a noun or a verb; " + "; ".join(weak))
    for path, prose in checked:
        found += over(path, shares(prose), PAGE_LIMITS)
    return found
