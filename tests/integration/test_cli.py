"""The program `meepo` from outside: exit codes, standard output, standard error.

The program is MEEPO_BINARY, or the one in the build that MEEPO_BUILD_DIR names.
"""
import json
import os
import signal
import socket
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEEPO = os.environ.get("MEEPO_BINARY") or os.path.join(os.environ.get("MEEPO_BUILD_DIR", os.path.join(ROOT, "build", "asan")), "meepo")
ECHO = "meepo.demo.Echo#echo"
COMMANDS = ["dev", "server", "executor", "task", "why", "simulate", "cron", "demo", "version"]
TASK_COMMANDS = ["create", "get", "list", "ledger", "cancel", "pause", "resume", "trigger", "update", "rerun", "backfill"]
SECONDS = 60


def environment(**more):
    """Without MEEPO_ variables of whoever runs the tests."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("MEEPO_")}, **more}


def meepo(*arguments, stdin=None, **more):
    return subprocess.run([MEEPO, *arguments], input=stdin, capture_output=True, text=True, timeout=SECONDS, env=environment(**more))


class Running:
    """A `meepo dev` or `meepo server`, ready."""

    def __init__(self, *arguments, **more):
        command = [MEEPO, *arguments, "--json", "--log-level", "error"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(**more))
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"meepo {' '.join(arguments)} ended: {self.process.stderr.read()}")
        self.ready = json.loads(line)

    def stop(self):
        """The exit code after SIGTERM, and what it wrote to standard error."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, error = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, error


def free_ports(*arguments):
    return [*arguments, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]


class Help(unittest.TestCase):
    def test_each_command_has_help_with_an_example(self):
        for command in [[], *[[name] for name in COMMANDS], *[["task", name] for name in TASK_COMMANDS]]:
            with self.subTest(command=command):
                done = meepo(*command, "--help")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("Examples:\n  meepo ", done.stdout)

    def test_version(self):
        done = meepo("version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^meepo \d+\.\d+\.\d+\n$")
        self.assertEqual(list(json.loads(meepo("version", "--json").stdout)), ["version"])


class Usage(unittest.TestCase):
    def check_usage(self, *arguments, says=()):
        done = meepo(*arguments)
        self.assertEqual(done.returncode, 2, f"{arguments}: {done.stdout} {done.stderr}")
        self.assertEqual(done.stdout, "")
        for text in says:
            self.assertIn(text, done.stderr)

    def test_a_mistyped_command_gets_a_suggestion(self):
        self.check_usage("dve", says=["did you mean dev?"])
        self.check_usage("task", "crate", says=["did you mean create?"])

    def test_a_mistyped_flag_gets_a_suggestion(self):
        self.check_usage("dev", "--emphemeral", says=["did you mean --ephemeral?"])
        self.check_usage("task", "create", "--app", "a", "--serivce", ECHO, says=["did you mean --service?", "meepo task create --help"])

    def test_no_command_is_wrong(self):
        self.check_usage()
        self.check_usage("task")

    def test_flags_that_do_not_read_name_flag_value_and_what_was_expected(self):
        create = ["task", "create", "--app", "a"]
        for arguments, flag in [
            ([*create], "--service"),
            ([*create, "--service", "com.x.Pay"], "--service"),
            ([*create, "--service", ECHO, "--retry", "fixed"], "--retry"),
            ([*create, "--service", ECHO, "--timeout", "60"], "--timeout"),
            ([*create, "--service", ECHO, "--timeout", "0s"], "--timeout"),
            ([*create, "--service", ECHO, "--kind", "cron"], "--kind"),
            ([*create, "--service", ECHO, "--on-lost", "maybe"], "--on-lost"),
            ([*create, "--service", ECHO, "--label", "x"], "--label"),
            ([*create, "--service", ECHO, "--priority", "10"], "--priority"),
            ([*create, "--service", ECHO, "--next", "x"], "--next"),
            ([*create, "--service", ECHO, "--server", "nowhere"], "--server"),
            ([*create, "--file", "/nonexistent"], "--file"),
            (["task", "list", "--status", "GOOD"], "--status"),
            (["task", "list", "--limit", "1001"], "--limit"),
            (["task", "get"], "id"),
            (["dev", "--ephemeral", "--data-dir", "x"], "--data-dir"),
            (["dev", "--ephemeral", "--http", "nowhere"], "--http"),
            (["dev", "--ephemeral", "--grpc", "127.0.0.1:99999"], "--grpc"),
            (["dev", "--ephemeral", "--zone", "Mars/Olympus"], "--zone"),
            (["dev", "--ephemeral", "--log-level", "loud"], "--log-level"),
            (["dev", "--ephemeral", "--log-format", "xml"], "--log-format"),
            (["dev", "--ephemeral", "--token-file", "/nonexistent"], "--token-file"),
            (["server", "--ephemeral", "--http", "0.0.0.0:0"], "--http"),
            (["executor", "--credits", "0"], "credits"),
            (["executor", "--scheduler", "nowhere"], "nowhere"),
            (["executor", "--name", "inside-x"], "name"),
        ]:
            with self.subTest(arguments=arguments):
                self.check_usage(*arguments, says=[flag])

    def test_errors_are_json_when_asked_for(self):
        for arguments in [["task", "create", "--service", "x"], ["dve"], ["dev", "--zone", "Mars/Olympus", "--ephemeral"]]:
            with self.subTest(arguments=arguments):
                done = meepo(*arguments, "--json")
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")
                error = json.loads(done.stderr)
                self.assertEqual(sorted(error), ["code", "field", "message"])
                self.assertEqual(error["code"], "INVALID_ARGUMENT")

    def test_nobody_listening_is_a_failure(self):
        done = meepo("task", "list", "--server", "127.0.0.1:1", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stderr)["code"], "UNAVAILABLE")


class Cron(unittest.TestCase):
    def test_next_prints_a_time_a_line(self):
        done = meepo("cron", "next", "0 0 0 L * ?", "--zone", "Asia/Shanghai", "--after", "2026-01-01T00:00:00+08:00", "-n", "2")
        self.assertEqual(done.stdout, "2026-01-31T00:00:00+08:00\n2026-02-28T00:00:00+08:00\n", done.stderr)
        done = meepo("cron", "next", "@daily", "--zone", "UTC", "--after", "2026-01-01T00:00:00Z", "-n", "1", "--json")
        self.assertEqual(json.loads(done.stdout), {"next": ["2026-01-02T00:00:00+00:00"]})

    def test_a_time_in_a_gap_follows_the_rule_that_was_asked_for(self):
        night = ["cron", "next", "0 30 2 * * *", "--zone", "America/New_York", "--after", "2024-03-09T12:00:00Z", "-n", "1"]
        self.assertEqual(meepo(*night).stdout, "2024-03-11T02:30:00-04:00\n")
        self.assertEqual(meepo(*night, "--dst", "once").stdout, "2024-03-10T03:00:00-04:00\n")

    def test_a_bad_expression_exits_2_and_says_where(self):
        done = meepo("cron", "next", "0 0 22-2 * * ?")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("22-2", done.stderr)
        for arguments in [["0 0 9 * * *", "-n", "10001"], ["0 0 9 * * *", "--zone", "Mars"], ["0 0 9 * * *", "--dst", "twice"], []]:
            with self.subTest(arguments=arguments):
                self.assertEqual(meepo("cron", "next", *arguments).returncode, 2)

    def test_an_expression_without_a_further_time_ends(self):
        done = meepo("cron", "next", "0 0 0 30 2 ?")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no further time", done.stderr)

    def test_a_whole_crontab_is_checked_in_one_go(self):
        lines = [{"expr": "0 0 9 * * *", "zone": "UTC", "from": "2026-01-01T00:00:00Z", "n": 2}, {"expr": "nonsense"}, {"expr": "@daily", "m": 1}]
        done = meepo("cron", "next", "--stdin", stdin="".join(json.dumps(line) + "\n" for line in lines) + "no json\n")
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(answers[0], {"next": ["2026-01-01T09:00:00+00:00", "2026-01-02T09:00:00+00:00"]})
        self.assertEqual([list(answer) for answer in answers[1:]], [["error"]] * 3)

    def test_describe_speaks_both_languages(self):
        both = json.loads(meepo("cron", "describe", "0 0 9 * * MON-FRI", "--json").stdout)
        self.assertEqual(meepo("cron", "describe", "0 0 9 * * MON-FRI").stdout, both["en"] + "\n")
        self.assertEqual(meepo("cron", "describe", "0 0 9 * * MON-FRI", "--language", "zh").stdout, both["zh"] + "\n")
        self.assertNotEqual(both["en"], both["zh"])


class Serving(unittest.TestCase):
    def test_a_taken_port_names_its_flag(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for flag, other in [("--http", "--grpc"), ("--grpc", "--http")]:
                with self.subTest(flag=flag):
                    done = meepo("dev", "--ephemeral", flag, address, other, "127.0.0.1:0", "--log-level", "error")
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertEqual(done.stdout, "")
                    self.assertIn(flag, done.stderr)
                    self.assertIn(address, done.stderr)

    def test_the_first_line_has_what_was_bound(self):
        with tempfile.TemporaryDirectory() as folder:
            for command in ["dev", "server"]:
                server = Running(*free_ports(command), "--data-dir", folder, "--zone", "Asia/Shanghai")
                ready = server.ready
                self.assertEqual(server.stop(), (0, ""))
                self.assertEqual(sorted(ready), ["dataDir", "grpc", "http", "pid", "zone"])
                self.assertEqual((ready["dataDir"], ready["zone"], ready["pid"]), (folder, "Asia/Shanghai", server.process.pid))
                for name in ["http", "grpc"]:
                    host, port = ready[name].split(":")
                    self.assertEqual(host, "127.0.0.1")
                    self.assertGreater(int(port), 0)

    def test_a_second_process_on_the_same_folder_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            first = Running(*free_ports("server"), "--data-dir", folder)
            second = meepo(*free_ports("server"), "--data-dir", folder, "--json", "--log-level", "error")
            self.assertEqual(first.stop()[0], 0)
            self.assertEqual(second.returncode, 1)
            self.assertEqual(json.loads(second.stderr)["code"], "CONFLICT")

    def test_settings_come_from_flags_then_the_file_then_the_environment(self):
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "meepo.toml")
            with open(config, "w") as file:
                file.write('[server]\nhttp = "127.0.0.1:0"\ngrpc = "127.0.0.1:0"\nephemeral = true\nzone = "Asia/Tokyo"\n')
            by_file = Running("server", "--config", config, MEEPO_ZONE="Europe/Paris")
            by_flag = Running("server", "--config", config, "--zone", "UTC")
            by_environment = Running("server", MEEPO_HTTP="127.0.0.1:0", MEEPO_GRPC="127.0.0.1:0", MEEPO_ZONE="Europe/Paris",
                                     MEEPO_EPHEMERAL="true")
            zones = [server.ready["zone"] for server in [by_file, by_flag, by_environment]]
            for server in [by_file, by_flag, by_environment]:
                self.assertEqual(server.stop()[0], 0)
            self.assertEqual(zones, ["Asia/Tokyo", "UTC", "Europe/Paris"])
            with open(config, "a") as file:
                file.write('zoen = "UTC"\n')
            done = meepo("server", "--config", config)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("zoen", done.stderr)

    def test_a_token_is_asked_for_when_a_file_says_so(self):
        token = "t" * 40
        with tempfile.TemporaryDirectory() as folder:
            tokens = os.path.join(folder, "tokens")
            with open(tokens, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(f"# who may do what\n{token} client tests\n")
            server = Running(*free_ports("dev"), "--ephemeral", "--token-file", tokens)
            create = ["task", "create", "--server", server.ready["grpc"], "--app", "a", "--service", ECHO, "--params", "[1]",
                      "--wait", "--json"]
            without = meepo(*create)
            by_flag = meepo(*create, "--token", token)
            by_file = meepo(*create, "--token-file", tokens)
            by_environment = meepo(*create, MEEPO_TOKEN=token)
            self.assertEqual(server.stop()[0], 0)
            self.assertEqual((without.returncode, json.loads(without.stderr)["code"]), (1, "UNAUTHENTICATED"))
            for done in [by_flag, by_file, by_environment]:
                self.assertEqual(done.returncode, 0, done.stderr)


class Tasks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Running(*free_ports("dev"), "--ephemeral")

    @classmethod
    def tearDownClass(cls):
        code, error = cls.server.stop()
        assert (code, error) == (0, ""), (code, error)

    def run_task(self, *arguments, exit_code=0, stdin=None):
        done = meepo("task", *arguments, stdin=stdin, MEEPO_SERVER=self.server.ready["grpc"])
        self.assertEqual(done.returncode, exit_code, f"{arguments}: {done.stdout} {done.stderr}")
        return done

    def json_task(self, *arguments, **options):
        done = self.run_task(*arguments, "--json", **options)
        return json.loads(done.stdout) if done.stdout else json.loads(done.stderr)

    def test_create_wait_get_ledger_list(self):
        task = self.json_task("create", "--app", "shop", "--name", "greeting", "--label", "a=b", "--service", ECHO, "--params", '["hello"]',
                              "--wait")
        self.assertEqual((task["status"], task["latest"]["result"], task["spec"]["labels"]), ("DONE", "hello", {"a": "b"}))
        self.assertEqual(self.json_task("get", task["id"])["status"], "DONE")
        rows = self.json_task("ledger", task["id"])["rows"]
        self.assertEqual([(row["firing"]["id"], row["firing"]["outcome"]) for row in rows], [(task["id"] + "@0", "SUCCESS")])
        listed = self.json_task("list", "--app", "shop", "--status", "DONE", "--kind", "real")["tasks"]
        self.assertIn(task["id"], [each["id"] for each in listed])

    def test_people_get_tables(self):
        created = self.run_task("create", "--app", "shop", "--name", "账单", "--service", ECHO, "--params", "[1]", "--wait").stdout
        self.assertRegex(created, r"(?m)^created +[0-9a-z]{19}$")
        self.assertRegex(created, r"(?m)^status +DONE$")
        task_id = created.split()[1]
        self.assertRegex(self.run_task("ledger", task_id).stdout, r"(?m)^TICK +DUE +FATE.*\n0 .* SUCCESS ")
        listed = self.run_task("list", "--app", "shop").stdout
        self.assertRegex(listed, rf"(?m)^ID +STATUS.*\n(.*\n)*{task_id} +DONE +REAL +{ECHO} +账单 ")

    def test_digits_are_kept(self):
        done = self.run_task("create", "--app", "shop", "--service", ECHO, "--params", "[9007199254740993, 0.10]", "--wait", "--json")
        self.assertIn('"result":[9007199254740993, 0.10]', done.stdout)

    def test_waiting_for_a_failure_exits_1(self):
        task = self.json_task("create", "--app", "shop", "--service", "meepo.demo.Echo#fail", "--params", '["no money"]',
                              "--retry", "fixed:1:10ms", "--wait", exit_code=1)
        self.assertEqual((task["status"], task["latest"]["error"], task["latest"]["attempt"]), ("FAIL", "no money", 2))

    def test_cancel_of_a_running_task(self):
        task = self.json_task("create", "--app", "shop", "--service", "meepo.demo.Echo#sleep", "--params", "[60000]")
        while self.json_task("get", task["id"])["status"] != "RUNNING":
            pass
        self.assertTrue(self.json_task("cancel", task["id"])["cancelled"])
        ended = self.json_task("get", task["id"], "--wait", exit_code=1)
        self.assertEqual(ended["status"], "CANCEL")
        self.assertTrue(self.json_task("cancel", task["id"])["cancelled"], "a repeat answers as the first time")

    def test_cancel_of_an_ended_task_changes_nothing(self):
        task = self.json_task("create", "--app", "shop", "--service", ECHO, "--params", "[1]", "--wait")
        self.assertFalse(self.json_task("cancel", task["id"])["cancelled"])
        self.assertEqual(self.json_task("get", task["id"])["status"], "DONE")

    def test_pause_resume_trigger(self):
        task = self.json_task("create", "--app", "shop", "--kind", "ladder", "--define", "3600", "--service", ECHO, "--params", "[1]")
        self.assertTrue(self.json_task("pause", task["id"])["changed"])
        self.assertFalse(self.json_task("pause", task["id"])["changed"])
        self.json_task("resume", task["id"])
        self.assertEqual(self.json_task("trigger", task["id"], "--params", "[2]")["firingId"], task["id"] + "@m1")

    def test_a_request_id_repeats(self):
        create = ["create", "--app", "shop", "--service", ECHO, "--request-id", "r-1"]
        first, second = self.json_task(*create), self.json_task(*create)
        self.assertEqual((first["id"], first.get("existed", False), second["existed"]), (second["id"], False, True))

    def test_a_file_of_specs(self):
        spec = {"appId": "many", "kind": "REAL", "target": {"service": {"interface": "meepo.demo.Echo", "method": "echo", "params": [1]}}}
        bad = {**spec, "define": "x"}
        no_app = {name: value for name, value in spec.items() if name != "appId"}
        lines = "\n".join(json.dumps(each) for each in [spec, bad, no_app]) + "\n\n"
        done = self.run_task("create", "--file", "-", "--app", "other", "--json", stdin=lines, exit_code=1)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([list(answer) for answer in answers], [["created"], ["error"], ["created"]])
        self.assertEqual(answers[1]["error"]["field"], "define")
        self.assertEqual(self.json_task("get", answers[2]["created"]["id"])["spec"]["appId"], "other")
        done = self.run_task("create", "--file", "-", stdin='{"apId": "x"}\n', exit_code=1)
        self.assertIn("line 1", done.stderr)
        self.assertIn("apId", done.stderr)

    def test_the_servers_errors_come_through(self):
        error = self.json_task("get", "0000000000000000000", exit_code=1)
        self.assertEqual(error["code"], "NOT_FOUND")
        error = self.json_task("create", "--app", "shop", "--kind", "ladder", "--define", "x", "--service", ECHO, exit_code=1)
        self.assertEqual((error["code"], error["field"]), ("INVALID_ARGUMENT", "define"))


class Restart(unittest.TestCase):
    def test_dev_goes_on_where_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            dev = Running(*free_ports("dev"), "--data-dir", folder)
            create = ["task", "create", "--server", dev.ready["grpc"], "--app", "a", "--kind", "ladder", "--define", "0,4",
                      "--service", ECHO, "--params", "[7]"]
            task = json.loads(meepo(*create, "--json").stdout)
            self.assertEqual(dev.stop(), (0, ""))
            dev = Running(*free_ports("dev"), "--data-dir", folder)
            done = meepo("task", "get", task["id"], "--server", dev.ready["grpc"], "--wait", "--json")
            self.assertEqual(dev.stop()[0], 0)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["firings"], 2)

    def test_an_executor_in_another_process_serves(self):
        server = Running(*free_ports("server"), "--ephemeral")
        executor = Running("executor", "--scheduler", server.ready["grpc"])
        create = ["task", "create", "--server", server.ready["grpc"], "--app", "a", "--service", ECHO,
                      "--params", "[7]", "--wait", "--json"]
        done = meepo(*create)
        self.assertEqual(executor.stop()[0], 0)
        self.assertEqual(server.stop()[0], 0)
        self.assertEqual(done.returncode, 0, done.stderr)


class Demo(unittest.TestCase):
    def test_every_expectation_is_met(self):
        done = meepo("demo")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("✗", done.stdout)
        self.assertGreater(done.stdout.count("✓"), 20)


if __name__ == "__main__":
    unittest.main()
