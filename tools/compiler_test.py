"""CMake refuses g++ before 13 and says why: needs g++-12, which Debian 12 calls g++."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent


class OldCompiler(unittest.TestCase):
    @unittest.skipUnless(shutil.which("g++-12"), "g++-12 is not installed")
    def test_g_plus_plus_12_is_refused_with_the_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(["cmake", "-S", str(ROOT), "-B", folder, "-G", "Ninja", "-DCMAKE_C_COMPILER=gcc-12", "-DCMAKE_CXX_COMPILER=g++-12"],
                                 capture_output=True, text=True)
        self.assertNotEqual(run.returncode, 0)
        words = " ".join(run.stderr.split())
        self.assertIn("Meepo cannot be built with g++ 12", words)
        self.assertIn("miscompiles coroutines", words)
        self.assertIn("clang-19", words)


if __name__ == "__main__":
    unittest.main()
