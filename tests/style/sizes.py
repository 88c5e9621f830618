"""Checks sizes: functions of at most 70 lines, files of at most 500."""

import re

from tree import code_only, own_files, read

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 500
FOLDERS = ("include", "src", "tools", "python", "tests", "fuzz", "examples", "bench")
# Third-party code, and generated tables.
EXCEPT = re.compile(r"include/mailslot/detail/|/fold_table[^/]*$")

SCOPE = re.compile(r'(?:inline |export )*(?:namespace|class|struct|union|enum|extern "")\b')
TEMPLATE = re.compile(r"template <[^;{}()]*> ?")
FUNCTION_END = re.compile(r"(?:\)|\}|\bconst|\bnoexcept|\boverride|\bfinal|&|\btry|->[^;{}]+)$")


def opens(header):
    """Returns the kind of the brace after `header`, outside functions: "scope", "function" or "value"."""
    header = TEMPLATE.sub("", " ".join(header.split()))
    if SCOPE.match(header) and not re.search(r"\w\(", header):
        return "scope"
    if ")" in header and FUNCTION_END.search(header) and not header.endswith("="):
        return "function"
    return "value"


def functions(text):
    """Returns (first line, last line) of every function outside of other functions."""
    code = code_only(text)
    stack, header, line, start = [], "", 1, 1
    for char in code:
        if char == "\n":
            line += 1
        if "function" in stack:  # braces inside a function only count for depth
            if char == "{":
                stack.append("block")
            elif char == "}" and stack.pop() == "function":
                yield start, line
                header = ""
        elif char == "{":
            stack.append(opens(header))
            if stack[-1] == "value":
                header += "{"
            elif stack[-1] == "scope":
                header = ""
        elif char == "}":
            is_value = bool(stack) and stack.pop() == "value"
            header = header + "}" if is_value else ""
        elif char == ";" and (not stack or stack[-1] != "value"):
            header = ""
        else:
            if not header.strip() and not char.isspace():
                start = line
            header += char


def problems(root):
    found = []
    for file in own_files(root, {".h", ".hpp", ".cc"}, FOLDERS):
        path, text = file.relative_to(root).as_posix(), read(file)
        if EXCEPT.search(path):
            continue
        lines = text.count("\n")
        if lines > MAX_FILE_LINES:
            found.append(f"{path}: {lines} lines; {MAX_FILE_LINES} is the limit: split it")
        for first, last in functions(text):
            if last - first + 1 > MAX_FUNCTION_LINES:
                found.append(f"{path}:{first}: a function of {last - first + 1} lines; {MAX_FUNCTION_LINES} is the limit")
    return found
