#!/usr/bin/env python3
"""Runs the checks of ./x lint, all or those named: format, tidy, includes, coroutines, docs. Says the time of each.

tidy: clang-tidy over every source file, one process a processor. Most of its time goes into the headers that a file includes, so files
with the same flags are read together, as one source that includes them; where private names collide, the later file goes to another
group. A file that passed is not looked at again until it, a header of ours that it reaches, the rules or its compile command change
(build/lint/lint-cache.json).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import cpp_text

ROOT = cpp_text.ROOT
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.M)
INCLUDE_FOLDERS = ("src", ".", "sdk/cpp/include", "sdk/cpp")
GROUP_FILES_MAX = 10
CLANG_FORMAT, CLANG_TIDY = "clang-format-19", "clang-tidy-19"


def run(command):
    process = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return process.returncode == 0, process.stdout


def check_format(_):
    files = [str(path.relative_to(ROOT)) for path in cpp_text.source_files()]
    passed, output = run([CLANG_FORMAT, "--dry-run", "-Werror", *files])
    return passed, output + ("" if passed else "./x fmt mends it\n"), f"{len(files)} files"


def check_script(name):
    def check(_):
        return *run([sys.executable, f"tools/{name}.py"]), ""
    return check


# ---- clang-tidy ---------------------------------------------------------------------------------------------------------------

class Digests:
    """A digest of a source file and of everything of ours that it includes, directly or not."""

    def __init__(self, root=ROOT):
        self.root, self.reached = root, {}

    def resolve(self, name):
        generated = re.fullmatch(r"(meepo/v1/\w+?)(?:\.grpc)?\.pb\.h", name)
        if generated:
            return self.root / "proto" / f"{generated.group(1)}.proto"
        return next((self.root / folder / name for folder in INCLUDE_FOLDERS if (self.root / folder / name).is_file()), None)

    def direct(self, path):
        if path not in self.reached:
            content = path.read_bytes()
            names = INCLUDE.findall(content.decode(errors="replace"))
            self.reached[path] = hashlib.sha256(content).hexdigest(), [other for other in map(self.resolve, names) if other and other.is_file()]
        return self.reached[path]

    def of(self, path, *salt):
        seen, waiting = set(), [path]
        while waiting:
            at = waiting.pop()
            if at not in seen:
                seen.add(at)
                waiting += self.direct(at)[1]
        lines = sorted(f"{at} {self.direct(at)[0]}" for at in seen)
        return hashlib.sha256("\n".join([*salt, *lines]).encode()).hexdigest()


def compile_flags(build):
    """Source file → the flags that say how it is read: all but the compiler, the source, the output and the dependency file."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = iter(shlex.split(entry["command"]))
        kept = []
        next(word for word in words if "clang" in pathlib.Path(word).name or "++" in word)  # behind ccache
        for word in words:
            if word in ("-o", "-MF", "-MT", "-MQ"):
                next(words)
            elif word not in ("-c", "-MD", "-MMD", "--", entry["file"]):
                kept.append(word)
        flags[str(pathlib.Path(entry["file"]).relative_to(ROOT)) if entry["file"].startswith(str(ROOT)) else entry["file"]] = tuple(kept)
    return flags


def groups_of(names, flags):
    """Files with the same flags, at most GROUP_FILES_MAX together, those of one folder (whose private names may collide) spread over the
    groups. A file that the preset does not build stays alone."""
    by_flags = {}
    for name in names:
        by_flags.setdefault(flags.get(name, name), []).append(name)
    for together in by_flags.values():
        count = -(-len(together) // GROUP_FILES_MAX)
        yield from (together[i::count] for i in range(count))


def tidy(build, names, flags):
    """({file: passed}, output) of one group."""
    if len(names) == 1:
        command = [CLANG_TIDY, "--quiet", "-p", str(build), names[0]]
    else:
        together = build / "groups" / names[0].replace("/", "-")
        together.parent.mkdir(exist_ok=True)
        together.write_text("".join(f'#include "{ROOT / name}"\n' for name in names))
        command = [CLANG_TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", "--header-filter=/(src|sdk|apps|tests|bench|fuzz)/",
                   str(together), "--", *flags[names[0]], "-w"]
    passed, output = run(command)
    # How many warnings were suppressed says nothing to anybody.
    output = re.sub(r"^(?:\d+ warnings?\b.* generated|Suppressed |Use -header-filter|Error while processing |\d+ warnings? treated as error).*\n",
                    "", output, flags=re.M)
    if passed:
        return dict.fromkeys(names, True), ""
    if len(names) > 1 and "[clang-diagnostic-error" in output:
        errors = "\n".join(line for line in output.splitlines() if "[clang-diagnostic-error" in line)
        collided = [name for name in names if f"/{name}:" in errors]
        if len(collided) in (0, len(names)):
            collided = names[len(names) // 2:]
        answers = [tidy(build, part, flags) for part in ([name for name in names if name not in collided], collided)]
        return answers[0][0] | answers[1][0], answers[0][1] + answers[1][1]
    found = {name: f"/{name}:" not in output for name in names}
    return (dict.fromkeys(names, False) if all(found.values()) else found), output  # a finding in a header is everybody's


def check_tidy(build):
    cache_file = build / "lint-cache.json"
    try:
        cache = json.loads(cache_file.read_text())
    except (OSError, ValueError):
        cache = {}
    digests, flags = Digests(), compile_flags(build)
    rules = (ROOT / ".clang-tidy").read_text()
    files = [path for path in cpp_text.source_files() if path.suffix != ".h"]
    now = {str(path.relative_to(ROOT)): digests.of(path, rules, *flags.get(str(path.relative_to(ROOT)), ())) for path in files}
    todo = [name for name in now if cache.get(name) != now[name]]
    seen, failed = 0, []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for future in concurrent.futures.as_completed([pool.submit(tidy, build, group, flags) for group in groups_of(todo, flags)]):
            answers, output = future.result()
            print(output, end="")
            for name, passed in answers.items():
                seen += 1
                cache[name] = now[name] if passed else ""
                if not passed:
                    failed.append(name)
            print(f"      tidy: {seen} of {len(todo)} files", flush=True)
    cache_file.write_text(json.dumps({name: cache[name] for name in sorted(now)}, indent=1))
    return not failed, "", f"{len(files)} files, {len(files) - len(todo)} unchanged"


CHECKS = {
    "format": check_format,
    "includes": check_script("check_includes"),
    "coroutines": check_script("check_coroutines"),
    "docs": check_script("check_docs"),
    "tidy": check_tidy,
}


def main(arguments):
    parser = argparse.ArgumentParser(description="Runs Meepo's checks; ./x lint prepares what they need.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHECKS))
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/lint")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        parser.error(f"no check \"{unknown[0]}\"; there are {', '.join(CHECKS)}")
    failed = []
    for name in options.names or CHECKS:
        started = time.monotonic()
        passed, output, note = CHECKS[name](options.build)
        if not passed:
            failed.append(name)
            print(output, end="")
        print(f"{'ok' if passed else 'FAIL':<5}{name:<12}{time.monotonic() - started:6.1f} s{'  ' + note if note else ''}", flush=True)
    print(f"lint: {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
