"""C++ source as text for the checks: comments and literals blanked, so that what is found is code. Offsets and lines stay."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE_FOLDERS = ("src", "sdk", "apps", "tests", "bench", "fuzz")

_TOKEN = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | (?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'
    """, re.S | re.X)


def _blank(match):
    text = match.group()
    kept = '""' if text.endswith('"') else "''" if text.endswith("'") else ""
    return kept + re.sub(r"[^\n]", " ", text[len(kept):])


def code_of(text):
    """`text` with every comment blanked and every literal empty."""
    return _TOKEN.sub(_blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def source_files(root=ROOT):
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cc", ".cpp") and path.is_file():
                yield path
