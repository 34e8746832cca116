"""The programs of sdk/java/examples as their README says: one creates a task of each kind, Meepo calls the other."""
import os
import subprocess
import unittest

from dubbo_case import ADDRESS, EVERYBODY, RUN_SECONDS, DubboServer, JavaCase, ended, peers, prepare_java
from harness import wait_for

INTERFACE = "example.Greeting"
KINDS = ("REAL", "LADDER", "TIMING", "PLAN")


def setUpModule():
    prepare_java()


class Examples(JavaCase):
    def java(self, version, program, *arguments, **streams):
        jar = os.path.join(peers.BUILD, f"dubbo-{version}", "peers.jar")
        # Dubbo's default of one second is short for a busy machine.
        process = subprocess.Popen(["java", "-Xmx256m", "-XX:+UseSerialGC", "-Ddubbo.consumer.timeout=60000", "-jar", jar, program, *arguments], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, **streams)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_task_of_each_kind_reaches_the_provider(self):
        for version in ("2.7.23", "3.3.6"):
            with self.subTest(version=version):
                server = self.add(DubboServer(self.folder, name=f"dev-{version}", data=f"data-{version}", subcommand="dev",
                                              registry=self.registry, options=EVERYBODY)).start()
                port = peers.free_port()
                provider = self.java(version, "example.ProvideGreeting", self.registry, str(port))
                wait_for(lambda: provider.stdout.readline() == "ready\n", RUN_SECONDS, "the provider is ready")
                wait_for(lambda: INTERFACE in str(server.api().ok("GET", "/v1/executors")), RUN_SECONDS, "Meepo has found it")
                creator = self.java(version, "example.CreateTasks", self.registry)
                output, _ = creator.communicate(timeout=RUN_SECONDS)
                self.assertEqual(0, creator.returncode, output)
                lines = [line for line in output.splitlines() if line.startswith(KINDS)]
                self.assertEqual(list(KINDS), [line.split(",")[0] for line in lines], output)
                task = lines[0].split(": ")[1].split()[0]
                found = ended(server.api(), task)
                self.assertEqual(("DONE", "hello REAL, now"), (found["status"], found["latest"]["result"]["json"]))
                self.assertIn(f"called by {ADDRESS}", provider.stdout.readline())
                server.terminate()


if __name__ == "__main__":
    unittest.main()
