#!/usr/bin/env python3
"""Checks the arrows between modules (docs/ARCHITECTURE.md, "Modules") on every #include.

- A file of a module includes only what its module may use; tests (x_test.cc, test_support.*, tests/, bench/, fuzz/) may use everything.
- task, schedule, engine and protocol hold no thread, socket, clock or log.
- In apps/ only wiring.* names concrete adapters.
- Quoted includes exist, in src/ by their full path from src/.
"""

import re
import sys

import cpp_text

# Module → what it may include beside itself. A name covers the folders below it. "proto" is the generated meepo/v1/*.pb.h.
ARROWS = {
    "base": [],
    "task": ["base"],
    "schedule/cron": ["base"],
    "schedule": ["schedule/cron", "base", "task"],
    "engine": ["schedule", "task", "base"],
    "ports": ["base", "task"],
    "convert": ["ports", "task", "base", "proto"],
    "scheduler": ["engine", "ports", "schedule", "task", "base"],
    "simulate": ["scheduler", "ports", "task", "base"],
    "executor": ["ports", "task", "base"],
    "monitor": ["ports", "task", "base"],
    "protocol": ["base"],
    "protocol/dubbo": ["protocol/hessian2", "base"],
    "net": ["base"],
    "adapters": ["ports", "protocol", "convert", "net", "task", "base", "proto"],
    "adapters/dubbo": ["adapters/zookeeper", "adapters/local", "ports", "protocol", "net", "task", "base"],
    "client": ["base", "task", "convert", "executor", "ports", "adapters/direct", "adapters/local", "proto"],
    "api/access": ["net", "base"],
    "api/calls": ["scheduler", "protocol/hessian2", "convert", "ports", "task", "base", "schedule", "proto"],
    "api": ["api/access", "api/calls", "scheduler", "monitor", "protocol", "convert", "net", "ports", "task", "base", "schedule", "proto"],
    "sdk": ["client", "executor", "adapters", "convert", "ports", "task", "base", "proto"],
    "apps": ["*"],
}
# Modules whose folders are modules of their own: one adapter does not use another.
SPLIT = ("adapters", "api", "protocol")
PURE = ("task", "schedule", "engine", "protocol")
IMPURE_HEADERS = re.compile(
    r"<(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|barrier|latch|iostream|fstream|syncstream"
    r"|time\.h|ctime|unistd\.h|pthread\.h|sys/.*|netinet/.*|arpa/.*|boost/(asio|beast)(/.*|\.hpp)|spdlog/.*|grpcpp/.*)>|\"base/log\.h\"")
IMPURE_CALLS = re.compile(r"\b(?:system_clock|steady_clock|high_resolution_clock|utc_clock)\s*::\s*now\b|\b(?:gettimeofday|clock_gettime)\s*\(")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<[^>\n]+>|"[^"\n]+")', re.M)


def module_of(path):
    """The module of a path from src/ or from the top: "adapters/sqlite", "schedule/cron", "task"; sdk and apps as a whole."""
    parts = path.split("/")
    if parts[0] == "src":
        parts = parts[1:]
    if path.startswith("meepo/v1/"):
        return "proto"
    if parts[0] in SPLIT and len(parts) > 2:
        return "/".join(parts[:2])
    if parts[:2] == ["schedule", "cron"] and len(parts) > 2:
        return "schedule/cron"
    return parts[0]


def may_use(module):
    return ARROWS.get(module) or ARROWS.get(module.split("/")[0], [])


def covers(allowed, module):
    return any(name in ("*", module) or module.startswith(name + "/") for name in allowed)


def is_test(path):
    return re.search(r"(_test|/test_support)\.(cc|h)$", path) is not None or "/tests/" in path or path.split("/")[0] in ("tests", "bench", "fuzz")


def resolve(root, path, included):
    """Where an include leads, as a path from the top; None if nowhere. Only outside src/ a file may name what lies beside it."""
    if included.startswith("meepo/v1/"):
        proto = root / "proto" / re.sub(r"(\.grpc)?\.pb\.h$", ".proto", included)
        return included if proto.exists() else None
    folders = ["src", ".", "sdk/cpp/include"]
    if not path.startswith("src/"):
        folders += ["tests", path.rpartition("/")[0]]
    for folder in folders:
        if (root / folder / included).is_file():
            return (root / folder / included).relative_to(root).as_posix()
    return None


def check_file(path, text, root=cpp_text.ROOT):
    """Yields (line, message). `path` is relative to `root`, with slashes."""
    module = module_of(path)
    top = module.split("/")[0]
    code = cpp_text.code_of(text)
    # Only real lines count, but the names in quotes are blanked there: they are read from the text.
    for match in INCLUDE.finditer(text):
        if code[match.start():match.end()].lstrip()[:1] != "#":
            continue
        line, name = cpp_text.line_of(text, match.start(1)), match.group(1)
        if top in PURE and not is_test(path) and IMPURE_HEADERS.match(name):
            yield line, f"{top} holds no thread, socket, clock or log: {name} is not for it"
        if name.startswith("<"):
            continue
        included = name[1:-1]
        found = resolve(root, path, included)
        if not found:
            yield line, f"{name}: no such file; write the full path from src/"
            continue
        other = module_of(found)
        if is_test(path):
            continue
        if other == "tests":
            yield line, f"{name}: only tests use tests/"
        elif top == "apps" and other.startswith("adapters/") and not re.search(r"/wiring(_\w+)?\.(h|cc)$", path):
            yield line, f"{name}: in apps/ only wiring.* names concrete adapters"
        elif top in ARROWS and other != module and not covers(may_use(module), other):
            yield line, f"{module} must not use {other} ({name}); it may use: {', '.join(may_use(module)) or 'nothing of ours'}"
    if top in PURE and not is_test(path):
        for match in IMPURE_CALLS.finditer(code):
            yield cpp_text.line_of(code, match.start()), f"{top} reads no clock: `{match.group().strip()}`; take `now` as a parameter"


def main():
    failures = 0
    for file in cpp_text.source_files():
        path = file.relative_to(cpp_text.ROOT).as_posix()
        for line, message in check_file(path, file.read_text()):
            print(f"{path}:{line}: {message}")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
