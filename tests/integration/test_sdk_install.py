"""The installed SDK: a project outside this tree finds it with find_package(Meepo), links it and runs.

The build that is installed is MEEPO_BUILD_DIR, whose compiler and sanitizer the outside project uses too.
"""
import os
import re
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("MEEPO_BUILD_DIR", os.path.join(ROOT, "build", "asan"))
CONSUMER = os.path.join(ROOT, "sdk", "cpp", "test", "consumer")
HEADERS_MAX = 10
SANITIZER_FLAGS = {"": "", "address": "-fsanitize=address,undefined", "thread": "-fsanitize=thread"}


def cached(name):
    """A value of the build's CMake cache."""
    with open(os.path.join(BUILD, "CMakeCache.txt")) as cache:
        found = re.search(rf"^{name}:[A-Z]+=(.*)$", cache.read(), re.M)
    return found.group(1) if found else ""


class InstalledSdk(unittest.TestCase):
    def run_command(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_a_project_outside_finds_links_and_runs_it(self):
        with tempfile.TemporaryDirectory() as folder:
            prefix, build = os.path.join(folder, "prefix"), os.path.join(folder, "build")
            self.run_command("cmake", "--install", BUILD, "--component", "sdk", "--prefix", prefix)
            headers = os.listdir(os.path.join(prefix, "include", "meepo"))
            self.assertLessEqual(len(headers), HEADERS_MAX, headers)
            for header in headers:
                with open(os.path.join(prefix, "include", "meepo", header)) as text:
                    self.assertNotRegex(text.read(), r"#include [<\"](grpc|google|boost|base|src)", header)
            self.run_command("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja",
                             "-DCMAKE_CXX_COMPILER=" + cached("CMAKE_CXX_COMPILER"),
                             "-DCMAKE_CXX_FLAGS=" + SANITIZER_FLAGS[cached("MEEPO_SANITIZE")],
                             "-DCMAKE_PREFIX_PATH=" + prefix)
            self.run_command("cmake", "--build", build)
            self.assertEqual(self.run_command(os.path.join(build, "consumer")), "ok\n")


if __name__ == "__main__":
    unittest.main()
