"""Checks that includes between rooms follow the table "Rooms" in docs/ARCHITECTURE.md."""

import re

from tree import own_files, read

PUBLIC = "include/mailslot"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
PLATFORM = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b.*\b(_WIN32|__linux__|__APPLE__|__unix__)\b",
                      re.MULTILINE)
SYSTEM = re.compile(r"(?:sys|net|netinet|arpa|linux)/.*|(?:unistd|fcntl|poll|pthread|errno|signal|sched|dirent|pwd|grp|dlfcn|termios|netdb|ifaddrs|syslog|spawn)\.h|cerrno|csignal")
# A descriptor above src/os has the type os::Handle. Programs wait by calls of their own for the public fileno().
BARE_DESCRIPTOR = re.compile(r"\bint (?:[a-z_]*fds?|connection|listener|descriptor)\b|\bto_number\(")
MAY_BE_BARE = {"src/api/reader.cc"}
SUFFIXES = {".h", ".hpp", ".cc", ".inc"}


def allowed_rooms(architecture):
    """Returns what each room may include, from the table's first and last columns: rooms, and single public headers if
    the table names them. {"src/model": {"src/model", "src/base", "include/mailslot/types.h"}, ...}"""
    rooms = {}
    for line in architecture.splitlines():
        row = re.match(r"\| `([a-z_/]+)/` \|.*\|([^|]*)\|$", line)
        if not row:
            continue
        room, (may_include, _, headers) = row.group(1), row.group(2).strip().partition("; of the public headers ")
        if may_include == "all rooms above":
            named = set(rooms)
        elif may_include in ("nothing else of ours", "public headers"):
            named = set()
        else:
            named = {"src/" + word.strip() for word in may_include.split(",")}
        public = set() if may_include == "nothing else of ours" else {PUBLIC}
        if headers:
            public = {f"{PUBLIC}/{header}" for header in re.findall(r"`([a-z_]+\.h)`", headers)}
        rooms[room] = named | public | {room}
    return rooms


def room_of(path, rooms):
    return next((room for room in rooms if path.startswith(room + "/")), None)


def resolve(root, included):
    """Returns our file that an include names, relative to the root. None for other files."""
    for folder in ("include", "src", "tools", "python/src"):
        if (root / folder / included).is_file():
            return f"{folder}/{included}"
    return None


def is_test(path):
    return path.endswith("_test.cc") or "/testing/" in path


def wrong_include(root, path, room, mark, included, rooms):
    """Returns why this include is wrong, or None."""
    target = resolve(root, included)
    if target is None:
        if mark == '"':
            return f'includes "{included}", which is no file of ours from src/, include/, tools/ or python/src/'
        if room == PUBLIC and "." in included:
            return f"includes <{included}>; public headers need the C++ library only"
        if room.startswith(("src/", "tools")) and room != "src/os" and not is_test(path) and SYSTEM.fullmatch(included):
            return f"includes <{included}>; the system is the subject of src/os"
        return None
    target_room = room_of(target, rooms)
    if not {target, target_room} & rooms[room]:
        return f"includes {target}; {room} may include {', '.join(sorted(rooms[room]))}"
    if is_test(target) and not is_test(path):
        return f"includes {target}, which is for tests"
    return None


def problems(root):
    rooms = allowed_rooms(read(root / "docs" / "ARCHITECTURE.md"))
    if PUBLIC not in rooms or len(rooms) < 3:
        return ["docs/ARCHITECTURE.md: no table of rooms found"]
    unknown = {name for line in rooms.values() for name in line if not name.endswith(".h")} - set(rooms)
    found = [f"docs/ARCHITECTURE.md: no room {name}" for name in sorted(unknown)]
    for file in own_files(root, SUFFIXES, below=("include", "src", "tools", "python/src")):
        path, text = file.relative_to(root).as_posix(), read(file)
        room = room_of(path, rooms)
        if room is None:
            found.append(f"{path}: stands in no room of docs/ARCHITECTURE.md")
            continue
        for match in INCLUDE.finditer(text):
            why = wrong_include(root, path, room, match.group(1), match.group(2), rooms)
            if why:
                found.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {why}")
        if room not in ("src/os", PUBLIC):
            found += [f"{path}: {match.group(1)} outside src/os" for match in PLATFORM.finditer(text)]
        if room.startswith(("src/", "tools")) and room != "src/os" and not is_test(path) and path not in MAY_BE_BARE:
            found += [f"{path}: `{match.group()}`; a descriptor is an os::Handle" for match in BARE_DESCRIPTOR.finditer(text)]
    return found
