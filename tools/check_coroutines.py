#!/usr/bin/env python3
"""Checks that co_await stands alone in its statement. These four shapes, and nothing else, are compiled right everywhere:

    co_await f(x);      auto r = co_await f(x);      auto [a, b] = co_await f(x);      co_return co_await f(x);

Never in a condition, an argument or a brace list; no lambda and no braced value inside the awaited expression (name it first, then
std::move it): g++ 12 skipped bodies and destroyed temporaries twice on such shapes, silently.
"""

import re
import sys

import cpp_text

_BEFORE = re.compile(r"^(?:(?:const\s+)?auto\s*&{0,2}\s*(?:\w+|\[[\w\s,]+\])\s*=|co_return)?$")
_OPENING = {")": "(", "]": "[", "}": "{"}


def start_of_statement(code, at):
    """Offset just behind the ';', '{' or '}' that ends what was before; None inside parentheses or brackets."""
    depth = 0
    for i in range(at - 1, -1, -1):
        c = code[i]
        if c in ")]":
            depth += 1
        elif c in "([":
            if depth == 0:
                return None
            depth -= 1
        elif depth == 0 and c in ";{}":
            # '{' of a block follows ')' or a keyword; of a braced value, a name, '=' or '('.
            if c == "{" and not re.search(r"(?:\)|\b(?:else|do|try|const|noexcept|mutable|override)|->[^;{}]*|[;{}:])\s*$", code[:i]):
                return None
            return i + 1
    return 0


def without_guards(text):
    """Takes `if (…)`, `else`, `for (…)`, `while (…)`, `do` and labels off the front of a statement."""
    while True:
        text = text.strip()
        label = re.match(r"(?:else\b(?!\s*if)|else\s+(?=if\b)|do\b|case\b(?:[^:;]|::)*:(?!:)|default\s*:|\w+\s*:(?!:))", text)
        if label:
            text = text[label.end():]
            continue
        guard = re.match(r"(?:if(?:\s+constexpr)?|for|while|switch)\s*\(", text)
        if not guard:
            return text
        depth, i = 1, guard.end()
        while i < len(text) and depth:
            depth += {"(": 1, ")": -1}.get(text[i], 0)
            i += 1
        text = text[i:]


def fault_of(code, at):
    """What is wrong with the co_await at `at`, or None."""
    start = start_of_statement(code, at)
    if start is None:
        return "inside parentheses, brackets or a brace list"
    before = without_guards(code[start:at])
    if not _BEFORE.match(" ".join(before.split())):
        return f"after `{' '.join(before.split())[-40:]}`"
    stack = []
    for i in range(at + len("co_await"), len(code)):
        c = code[i]
        if c == ";" and not stack:
            return None
        if c in "([":
            # A '[' where a value may begin opens a lambda; behind a name, ')' or ']' it is an index.
            if c == "[" and not re.search(r"[\w)\]]\s*$", code[:i]):
                return "a lambda inside the awaited expression"
            stack.append(c)
        elif c == "{":
            return "a braced value inside the awaited expression"
        elif c in ")]}":
            if not stack or stack.pop() != _OPENING[c]:
                return "not ended by a semicolon"
        elif code.startswith("co_await", i) and not code[i - 1].isalnum():
            return "a second co_await in one statement"
    return "not ended by a semicolon"


def check_text(text):
    """Yields (line, message)."""
    code = cpp_text.code_of(text)
    for match in re.finditer(r"\bco_await\b", code):
        if re.search(r"\boperator\s*$", code[:match.start()]):
            continue
        fault = fault_of(code, match.start())
        if fault:
            yield cpp_text.line_of(code, match.start()), f"co_await stands alone in its statement; here: {fault}"


def main():
    failures = 0
    for file in cpp_text.source_files():
        for line, message in check_text(file.read_text()):
            print(f"{file.relative_to(cpp_text.ROOT).as_posix()}:{line}: {message}")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
