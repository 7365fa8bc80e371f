# SPDX-License-Identifier: Apache-2.0
"""Which of the database's functions each part of the program may come to call, read from its source.

    called("web")     {"app_load", ...}: what can be reached from the functions of fcgi/web

A C function begins with its name at the start of a line and ends with a brace there. It reaches what it names, and what its
file's tables name; a name is the file's own function, else another file's that is not static.
"""
import re

from harness.product import ROOT

SOURCE = ROOT / "fcgi"
FUNCTION = re.compile(r"(?m)^(static )?[^\n]*\n(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.S)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# Opens the configuration and the database for all; `check` is run with any part's settings.
SHARED = {SOURCE / "cli" / "start.c", SOURCE / "cli" / "check.c"}


class File:
    def __init__(self, path):
        text = COMMENT.sub("", path.read_text())
        self.bodies = {m[2]: m[3] for m in FUNCTION.finditer(text)}
        self.shown = {m[2] for m in FUNCTION.finditer(text) if not m[1]}
        self.tables = FUNCTION.sub("", text)


def words(text):
    return set(re.findall(r"\w+", text))


def called(part):
    files = {path: File(path) for path in SOURCE.glob("*/*.c")}
    owners = {name: path for path, file in files.items() for name in file.shown}
    todo = [(path, name) for path, file in files.items() if path.parent.name == part or path in SHARED for name in file.bodies]
    seen, texts = set(todo), []
    while todo:
        path, name = todo.pop()
        text = files[path].bodies[name] + files[path].tables
        texts.append(text)
        for word in words(text):
            place = path if word in files[path].bodies else owners.get(word)
            if place and (place, word) not in seen:
                seen.add((place, word))
                todo.append((place, word))
    return {name for text in texts for name in re.findall(r"\bapi\.(\w+)\(", text)}
