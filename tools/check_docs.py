#!/usr/bin/env python3
"""Checks the documents: every relative link leads to a file that is there and, with #anchor, to a heading in it (in code: #L12 to a
line); README.zh-CN.md keeps step with README.md: the same headings by level, and the same commands in the same code blocks."""

import re
import sys
import urllib.parse

import cpp_text

SKIPPED_FOLDERS = {"build", ".git", "node_modules", ".cache"}
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.M)
FENCE = re.compile(r"^(\s*)(```+|~~~+)[^\n]*\n(.*?)^\s*\2`*~*\s*$", re.M | re.S)
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$", re.M)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_code(text):
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", blank, FENCE.sub(blank, text))


def slug(heading):
    """The anchor that GitHub makes of a heading."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[`*~]|(?<!\w)_|_(?!\w)", "", text).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def headings(text):
    return [(len(match.group(1)), match.group(2)) for match in HEADING.finditer(FENCE.sub(blank, text))]


def anchors(text):
    seen, result = {}, set()
    for _, heading in headings(text):
        name = slug(heading)
        result.add(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return result | set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))


def anchor_is_there(path, anchor):
    if path.suffix == ".md":
        return anchor in anchors(path.read_text())
    line = re.fullmatch(r"L(\d+)(?:-L?(\d+))?", anchor)
    return bool(line) and path.is_file() and int(line.group(2) or line.group(1)) <= len(path.read_text().splitlines())


def check_links(file, root):
    """Yields (line, message)."""
    text = file.read_text()
    for match in LINK.finditer(without_code(text)):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//", link):
            continue
        name, _, anchor = (urllib.parse.unquote(part) for part in link.partition("#"))
        target = file if not name else (root / name[1:] if name.startswith("/") else file.parent / name)
        line = cpp_text.line_of(text, match.start())
        if not target.exists():
            yield line, f"link to {link}: no such file"
        elif anchor and not anchor_is_there(target, anchor):
            yield line, f"link to {link}: no such heading or line there"


def commands(block):
    """A code block's lines without comments and without what is printed for people."""
    lines = (re.sub(r"(^|\s)#(\s.*)?$", "", line).rstrip() for line in block.splitlines())
    return [line for line in lines if line]


def check_parity(first, second):
    """Yields messages where the second document is not in step with the first."""
    levels = [[level for level, _ in headings(text)] for text in (first, second)]
    if levels[0] != levels[1]:
        for i, (one, other) in enumerate(zip(levels[0] + [0], levels[1] + [0])):
            if one != other:
                names = [headings(text)[i][1] if i < len(headings(text)) else "(end)" for text in (first, second)]
                yield f"heading {i + 1} differs in level: \"{names[0]}\" and \"{names[1]}\""
                break
    blocks = [[commands(match.group(3)) for match in FENCE.finditer(text)] for text in (first, second)]
    if len(blocks[0]) != len(blocks[1]):
        yield f"{len(blocks[0])} and {len(blocks[1])} code blocks"
    for i, (one, other) in enumerate(zip(*blocks)):
        if one != other:
            line = next((a for a, b in zip(one + [""], other + [""]) if a != b), "")
            yield f"code block {i + 1} differs: \"{line}\""


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED_FOLDERS & set(path.relative_to(root).parts):
            yield path


def main():
    root, failures = cpp_text.ROOT, 0
    for file in documents(root):
        for line, message in check_links(file, root):
            print(f"{file.relative_to(root).as_posix()}:{line}: {message}")
            failures += 1
    for message in check_parity((root / "README.md").read_text(), (root / "README.zh-CN.md").read_text()):
        print(f"README.zh-CN.md: not in step with README.md: {message}")
        failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
