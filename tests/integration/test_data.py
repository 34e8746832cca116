#!/usr/bin/env python3
"""Backup, restore and fsck of a data folder, from the command line."""
import json
import os
import sqlite3
import subprocess
import unittest

from harness import HERE, MEEPO, Case, NoAnswer, NotSent, service, wait_for

SECONDS = 60


class DataCase(Case):
    def meepo(self, *words, code=0):
        done = subprocess.run([MEEPO, *words, "--data-dir", os.path.join(self.folder, "data")], capture_output=True, text=True,
                              timeout=SECONDS, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def create(self, api):
        return api.ok("POST", "/v1/tasks", {"appId": "data", "kind": "REAL", "target": service("echo", '["x"]', interface="meepo.demo.Echo")})["id"]

    def done(self, api):
        return api.ok("GET", "/v1/tasks:count?status=DONE")["tasks"]

    def test_a_backup_of_a_running_server_comes_back(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()
        early = self.create(api)
        wait_for(lambda: self.done(api) == 1, 20, "the task to end")
        backup = os.path.join(self.folder, "backup.db")
        self.assertIn("1 tasks", self.meepo("backup", backup))
        self.assertIn("expected a name that is free", self.meepo("backup", backup, code=1))
        late = self.create(api)
        wait_for(lambda: self.done(api) == 2, 20, "the second task to end")
        self.assertIn("is in use", self.meepo("restore", backup, code=1))
        self.assertIn("is in use", self.meepo("fsck", code=1))
        server.terminate()

        said = self.meepo("restore", backup)
        kept = [name for name in os.listdir(server.data) if name.startswith("before-restore-")]
        self.assertEqual(1, len(kept))
        self.assertIn(kept[0], said)
        api.close()
        server.start()
        self.assertEqual("DONE", api.ok("GET", f"/v1/tasks/{early}")["status"])
        self.assertEqual(404, api.get(f"/v1/tasks/{late}")[0])
        self.create(api)
        wait_for(lambda: self.done(api) == 2, 20, "a task after the restore to end")
        server.terminate()

        undo = said.partition("to undo this: meepo ")[2].split()
        self.meepo(*undo[:2])
        api.close()
        server.start()
        self.assertEqual("DONE", api.ok("GET", f"/v1/tasks/{late}")["status"])

    def test_a_disk_that_fails_a_sync_ends_the_server_and_loses_nothing_that_was_answered(self):
        shim, mark = os.path.join(self.folder, "failing_disk.so"), os.path.join(self.folder, "fail")
        subprocess.run(["clang-19", "-shared", "-fPIC", "-o", shim, os.path.join(HERE, "programs", "failing_disk.c")], check=True, timeout=SECONDS)
        server = self.server(name="dev", subcommand="dev", environment={"LD_PRELOAD": shim, "FAIL_SYNCS_WHEN": mark})
        api = server.api()
        early = self.create(api)
        wait_for(lambda: self.done(api) == 1, 20, "the task to end")
        open(mark, "w").close()
        self.assertRaises((AssertionError, NoAnswer, NotSent), self.create, api)
        self.assertEqual(1, server.wait(SECONDS))
        self.assertIn("name=store_broken", server.tail(20_000))
        os.unlink(mark)
        api.close()
        server.start()
        self.assertEqual("DONE", api.ok("GET", f"/v1/tasks/{early}")["status"])
        self.create(api)
        wait_for(lambda: self.done(api) >= 2, 20, "a task after the restart to end")

    def test_fsck_finds_what_was_damaged_and_mends_what_it_can(self):
        server = self.server(name="dev", subcommand="dev")
        api = server.api()
        for _ in range(3):
            self.create(api)
        wait_for(lambda: self.done(api) == 3, 20, "the tasks to end")
        server.terminate()
        self.assertIn("3 tasks, 3 firings, 0 faults", self.meepo("fsck"))
        with sqlite3.connect(os.path.join(server.data, "meepo.db")) as database:
            database.execute("DELETE FROM firing WHERE task = (SELECT min(task) FROM firing)")
        database.close()
        self.assertIn("1 faults", self.meepo("fsck", code=1))
        report = json.loads(self.meepo("fsck", "--repair", "--json"))
        self.assertEqual((1, 1, 2), (report["faults"], report["repaired"], report["tasks"]))
        self.assertTrue(os.path.exists(report["kept"]))
        self.assertIn("2 tasks, 2 firings, 0 faults", self.meepo("fsck"))
        with open(os.path.join(server.data, "meepo.db"), "r+b") as file:
            file.write(b"\0" * 4096)
        self.assertIn("meepo.db", self.meepo("fsck", code=1))


if __name__ == "__main__":
    unittest.main()
