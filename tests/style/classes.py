"""Counts the functions of classes."""

import re

from sizes import opens
from tree import code_only, own_files, read

CLASS = re.compile(r"\b(?:class|struct) (?:[A-Z_]+ (?!final|:))?(\w+)(?: final)?(?: :.*)?$")
NOT_A_NAME = re.compile(r"\b(?:public|protected|private) ?:|\[\[[^\]]*\]\]|\b(?:alignas|decltype|noexcept)\([^()]*\)")
NO_FUNCTION = re.compile(r"(?:using|typedef|friend|static_assert)\b")


def without_templates(header):
    """Returns the header without what stands in <>, which may look like a function."""
    while (shorter := re.sub(r"(?:\btemplate )?<[^<>]*>", "", header)) != header:
        header = shorter
    return header.strip()


def is_function(header):
    before_value = re.split(r"(?<!operator)=(?!=)", without_templates(header))[0].strip()
    return not NO_FUNCTION.match(before_value) and bool(re.search(r"[\w~]\(|operator", before_value))


def functions_by_class(text):
    """Returns the number of functions that each class and struct of a header declares or defines inside its braces."""
    counts, stack, header = {}, [], ""
    for token in re.findall(r"[{};]|[^{};]+", code_only(text)):
        owner = stack[-1] if stack and stack[-1] in counts else None
        if token == "{":
            plain = without_templates(" ".join(NOT_A_NAME.sub(" ", header).split()))
            named = CLASS.search(plain)
            kind = "block" if "function" in stack else opens(plain)
            if kind == "function" and owner:
                counts[owner] += 1
            if kind == "scope" and named:
                kind = "class " + named.group(1)
                counts.setdefault(kind, 0)
            stack.append(kind)
            header = header + "{" if kind == "value" else ""
        elif token == "}":
            header = header + "}" if stack and stack.pop() == "value" else ""
        elif token == ";":
            if owner and is_function(" ".join(NOT_A_NAME.sub(" ", header).split())):
                counts[owner] += 1
            header = "" if not stack or stack[-1] != "value" else header
        else:
            header += token
    return {name.partition(" ")[2]: count for name, count in counts.items()}


def of_tree(root):
    """Returns (functions, class, path), largest first, for the headers of the library and the commands."""
    return sorted(((count, name, file.relative_to(root).as_posix())
                   for file in own_files(root, {".h"}, ("include", "src", "tools")) if "testing" not in file.parts
                   for name, count in functions_by_class(read(file)).items()), reverse=True)
