#!/usr/bin/env python3
"""Makes the packages of a release build, and tries them: `./x package`.

build/package/ gets meepo-VERSION-linux-ARCH.tar.gz (bin/, lib/: runs from any folder where glibc is not older than this machine's) and
meepo_VERSION_ARCH.deb. Then the tar.gz is unpacked into an empty root with nothing but glibc and tzdata, started there, and runs a task.
"""
import hashlib
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD, OUT, PACKAGING = ROOT / "build" / "release", ROOT / "build" / "package", ROOT / "packaging"
# What glibc itself brings; everything else that the program needs goes beside it.
OF_GLIBC = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|mvec)\.so.*|linux-vdso.*)$")
STARTS = 5
READY_MS_MAX = 200  # of `meepo dev` on a new folder, the median of STARTS
SECONDS = 30


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def output(*command):
    return run(*command, stdout=subprocess.PIPE).stdout


def version():
    return re.search(r"project\(meepo VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def needed_libraries(binary):
    """Paths of the shared libraries that are not glibc's."""
    found = re.findall(r"^\s*(\S+) => (/\S+)", output("ldd", binary), re.M)
    return [pathlib.Path(path) for name, path in found if not OF_GLIBC.match(name)]


def install_binary(folder, libraries):
    """bin/meepo, stripped, and lib/meepo/*.so beside it; the build gave it the way there ($ORIGIN/../lib/meepo)."""
    run("cmake", "--install", BUILD, "--component", "meepo", "--strip", "--prefix", folder, stdout=subprocess.DEVNULL)
    target = folder / "lib" / "meepo"
    target.mkdir(parents=True)
    for library in libraries:
        shutil.copy(library.resolve(), target / library.name)
        run("strip", "--strip-unneeded", target / library.name)
        (target / library.name).chmod(0o644)


def install_texts(folder):
    documents = folder / "share" / "doc" / "meepo"
    documents.mkdir(parents=True)
    for name in ("README.md", "README.zh-CN.md", "LICENSE"):
        shutil.copy(ROOT / name, documents)
    shutil.copytree(ROOT / "docs", documents / "docs")
    script = folder / "share" / "bash-completion" / "completions" / "meepo"
    script.parent.mkdir(parents=True)
    script.write_text(output(folder / "bin" / "meepo", "completion", "bash"))


def make_archive(libraries, name):
    stage = OUT / "stage" / name
    install_binary(stage, libraries)
    install_texts(stage)
    for file in ("meepo.service", "meepo.toml"):
        shutil.copy(PACKAGING / file, stage / "share" / "doc" / "meepo")
    archive = OUT / f"{name}.tar.gz"
    run("tar", "--owner=0", "--group=0", "--numeric-owner", "--sort=name", "-C", stage.parent, "-czf", archive, name)
    return archive


def make_deb(libraries, architecture):
    stage = OUT / "stage" / "deb"
    install_binary(stage / "usr", libraries)
    install_texts(stage / "usr")
    for source, place, mode in (("meepo.service", "lib/systemd/system", 0o644), ("meepo.toml", "etc/meepo", 0o644), ("postinst", "DEBIAN", 0o755),
                                ("prerm", "DEBIAN", 0o755), ("postrm", "DEBIAN", 0o755)):
        (stage / place).mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGING / source, stage / place / source)
        (stage / place / source).chmod(mode)
    size = sum(file.stat().st_size for file in stage.rglob("*") if file.is_file()) // 1024
    (stage / "DEBIAN" / "conffiles").write_text("/etc/meepo/meepo.toml\n")
    (stage / "DEBIAN" / "control").write_text(
        f"Package: meepo\nVersion: {version()}\nArchitecture: {architecture}\nMaintainer: The Meepo authors <meepo@localhost>\n"
        f"Installed-Size: {size}\nDepends: libc6 (>= 2.36), tzdata, adduser\nSection: admin\nPriority: optional\n"
        "Description: task scheduler that calls a method of a service\n"
        " Runs tasks now, after each rung of a ladder, at a time or on a cron,\n and keeps a record of every due instant.\n")
    package = OUT / f"meepo_{version()}_{architecture}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", stage, package, stdout=subprocess.DEVNULL)
    return package


# ---- trying it ----------------------------------------------------------------------------------------------------------------


def make_empty_root(folder):
    """Nothing but glibc's libraries and the time zones, and a place for /proc."""
    for line in output("dpkg", "-L", "libc6").splitlines():
        path = pathlib.Path(line)
        if re.search(r"/lib.*\.so", line) and path.is_file():
            target = folder / line.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for link in ("lib", "lib64"):
        real = os.path.realpath("/" + link).lstrip("/")
        if real != link and not (folder / link).exists():
            (folder / real).mkdir(parents=True, exist_ok=True)
            (folder / link).symlink_to(real)
    shutil.copytree("/usr/share/zoneinfo", folder / "usr/share/zoneinfo", symlinks=True)
    for name in ("tmp", "proc"):
        (folder / name).mkdir()


def start(root, program, data):
    """(process, its first line, milliseconds until that)."""
    began = time.monotonic()
    # /proc is mounted for this process alone: the loader reads there where the program lies.
    enter = 'mount -t proc proc "$0/proc" && exec env -i "PATH=$PATH" chroot "$@"'
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", enter, str(root), str(root), program, "dev", "--data-dir", data,
                                "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--zone", "Asia/Shanghai", "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    took = (time.monotonic() - began) * 1000
    if not line:
        process.kill()
        raise SystemExit(f"package: {program} did not start in a root with nothing but glibc and tzdata: {process.stderr.read()}")
    return process, json.loads(line), took


def stop(process):
    process.terminate()
    if process.wait(SECONDS) != 0:
        raise SystemExit(f"package: the program ended with {process.returncode} after SIGTERM")


def run_a_task(address):
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=SECONDS)

    def ask(method, path, body=None):
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())

    task = ask("POST", "/v1/tasks", {"appId": "package", "kind": "REAL", "target": {"service": {
        "interface": "meepo.demo.Echo", "method": "echo", "params": ["hello"]}}})["id"]
    until = time.monotonic() + SECONDS
    while ask("GET", f"/v1/tasks/{task}")["status"] != "DONE":
        if time.monotonic() > until:
            raise SystemExit("package: a task did not end")
        time.sleep(0.01)


def try_archive(archive, name):
    with tempfile.TemporaryDirectory(prefix="meepo-package-") as folder:
        root = pathlib.Path(folder)
        make_empty_root(root)
        run("tar", "-C", root, "-xzf", archive)
        program, times = f"/{name}/bin/meepo", []
        for number in range(STARTS):
            process, ready, took = start(root, program, f"/data-{number}")
            times.append(took)
            run_a_task(ready["http"])
            stop(process)
        median = sorted(times)[STARTS // 2]
        if median > READY_MS_MAX:
            raise SystemExit(f"package: meepo dev was ready after {median:.0f} ms: expected at most {READY_MS_MAX}")
        return median


def check_deb(package):
    listed = output("dpkg-deb", "-c", package)
    for path in ("./usr/bin/meepo", "./lib/systemd/system/meepo.service", "./etc/meepo/meepo.toml"):
        if path not in listed:
            raise SystemExit(f"package: {package.name} lacks {path}")


def main():
    if os.geteuid() != 0:
        print("package: not root, so the archive is not tried in an empty root", file=sys.stderr)
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    name = f"meepo-{version()}-linux-{platform.machine()}"
    libraries = needed_libraries(BUILD / "meepo")
    archive = make_archive(libraries, name)
    package = make_deb(libraries, output("dpkg", "--print-architecture").strip())
    check_deb(package)
    if os.geteuid() == 0:
        print(f"in a root with nothing but glibc and tzdata: ready after {try_archive(archive, name):.0f} ms (median of {STARTS} starts), ran a task in each")
    binary = (OUT / "stage" / name / "bin" / "meepo").stat().st_size
    print(f"program {binary / 2**20:.1f} MiB; beside it: {', '.join(library.name for library in libraries)}")
    shutil.rmtree(OUT / "stage")
    for file in (archive, package):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        (OUT / (file.name + ".sha256")).write_text(f"{digest}  {file.name}\n")
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
