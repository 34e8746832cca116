#!/usr/bin/env python3
"""What the packages bring beside the program: the unit file, the settings, shell completion. `./x package` tries the packages themselves."""
import os
import re
import shutil
import socket
import subprocess
import unittest

from harness import MEEPO, ROOT, Case

PACKAGING = os.path.join(ROOT, "packaging")
SECONDS = 60


def completions(*words):
    """What bash offers after these words; the last one is being typed."""
    script = subprocess.run([MEEPO, "completion", "bash"], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
    quoted = " ".join(f"'{word}'" for word in ("meepo", *words))
    ask = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _meepo; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-uc", ask], capture_output=True, text=True, timeout=SECONDS, check=True).stdout.split()


class Completion(unittest.TestCase):
    def test_commands_and_flags_are_completed_by_their_place(self):
        for words, expected in ((("de",), ["demo", "dev"]), (("task", "cre"), ["create"]), (("task", "create", "--run-o"), ["--run-once"]),
                                (("server", "--data"), ["--data-dir"]), (("cron", "n"), ["next"]), (("task", "get", "--run-o"), []),
                                (("--config", "FILE", "ser"), ["server"])):
            with self.subTest(words=words):
                self.assertEqual(expected, sorted(completions(*words)))

    def test_every_command_of_the_help_is_offered(self):
        text = subprocess.run([MEEPO, "--help"], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        commands = re.findall(r"^  ([a-z]+) ", text.partition("Subcommands:")[2].partition("Examples:")[0], re.M)
        self.assertGreater(len(commands), 8)
        self.assertEqual(set(), set(commands) - set(completions("")))

    def test_another_shell_is_refused(self):
        done = subprocess.run([MEEPO, "completion", "tcsh"], capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("bash", done.stderr)


class Service(Case):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_systemd_finds_no_fault_in_the_unit(self):
        unit = os.path.join(self.folder, "meepo.service")
        with open(os.path.join(PACKAGING, "meepo.service")) as source, open(unit, "w") as copy:
            copy.write(source.read().replace("/usr/bin/meepo", MEEPO))  # it looks whether the program is there
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=SECONDS, check=False)
        about_it = [line for line in done.stderr.splitlines() if "meepo" in line]
        self.assertEqual((0, []), (done.returncode, about_it), done.stderr)

    def test_the_settings_file_is_one_that_the_server_takes(self):
        with open(os.path.join(PACKAGING, "meepo.toml")) as source:
            text = source.read()
        changed = re.sub(r"/var/lib/meepo", self.folder + "/data", re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", text))
        settings = os.path.join(self.folder, "meepo.toml")
        with open(settings, "w") as copy:
            copy.write(changed)
        ready = subprocess.Popen([MEEPO, "--config", settings, "server", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(ready.kill)
        self.assertIn(self.folder + "/data", ready.stdout.readline())
        ready.terminate()
        self.assertEqual(0, ready.wait(SECONDS))
        ready.stdout.close()

    def test_systemd_is_told_when_the_server_is_ready_and_when_it_stops(self):
        for abstract in (False, True):
            with self.subTest(abstract=abstract), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
                name = ("\0" if abstract else "") + os.path.join(self.folder, "notify")
                listener.bind(name)
                listener.settimeout(SECONDS)
                server = self.server(name=f"server-{abstract}", environment={"NOTIFY_SOCKET": name.replace("\0", "@")})
                self.assertEqual(b"READY=1", listener.recv(100))
                server.terminate()
                self.assertEqual(b"STOPPING=1", listener.recv(100))


if __name__ == "__main__":
    unittest.main()
