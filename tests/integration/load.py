"""Clients for the fault runs: single and batch creates, repeats of request ids, cancels and reads, each written to the history.

The mix is drawn from one seeded generator per thread. Arguments carry the create's key, so that a call is traced to its create even
when the create's answer was lost. The pace is a rate, not a wait after each answer: what downtime costs is made up for.
"""
import json
import random
import threading
import time

from harness import SUCCESS, Http, NoAnswer, NotSent, Raw, dumps, service
from history import Writer

APP = "load"
NOT_DONE = ("UNAVAILABLE", "EXHAUSTED", "INVALID_ARGUMENT", "NOT_FOUND", "CONFLICT", "FENCED")
PAUSE_SECONDS = 0.05  # after a refused connection


def arguments(key, *more):
    """JSON text with digits that a parser to double would lose."""
    return "[" + ",".join([json.dumps(key), *more, "9007199254740993,0.10"]) + "]"


class Mix:
    """Draws one create: (spec for the history, body for the API)."""

    def __init__(self, seed, prefix):
        self._random, self._prefix, self._number = random.Random(seed), prefix, 0

    def draw(self):
        self._number += 1
        key = f"{self._prefix}-{self._number}"
        spec = {"kind": "REAL", "define": "", "method": "stamp", "args": arguments(key), "next": [], "runOnce": False}
        body = {"appId": APP}
        request_id = key if self._random.random() < 0.75 else ""
        share = self._random.random()
        if share < 0.10:
            spec["method"] = "fail_first"
            body["retry"] = {"fixed": {"maxRetries": 2, "delayMs": 50}}
        elif share < 0.15:
            spec["method"] = "fail"
            body["retry"] = {"exponential": {"maxRetries": 2, "delayMs": 20, "factor": 2, "capMs": 100, "jitter": 0.5}}
        elif share < 0.18:
            spec["method"] = "fail_first"
            body["retry"] = {"ladder": {"delaysMs": [10, 30]}}
        elif share < 0.28:
            spec.update(kind="LADDER", define="0,1,2")
        elif share < 0.34:
            spec.update(kind="LADDER", define="0,1,2", runOnce=True, method="fail_before_rung",
                        args=arguments(key, str(self._random.randrange(0, 4))))
        elif share < 0.44:
            spec["next"] = [{"method": "stamp", "args": arguments(f"{key}/{link}")} for link in (1, 2)]
        elif share < 0.50:
            spec.update(method="slow", args=arguments(key, str(self._random.randrange(50, 900))))
        elif share < 0.53:
            spec.update(kind="LADDER", define="2,20")  # for the cancelling client
        elif share < 0.56:
            spec.update(method="slow", args=arguments(key, "2500"))
        body.update(kind=spec["kind"], define=spec["define"], target=service(spec["method"], spec["args"]), runOnce=spec["runOnce"],
                    next=[service(link["method"], link["args"]) for link in spec["next"]])
        if request_id:
            body["requestId"] = request_id
        return key, request_id, spec, body


class Load:
    """Threads that run until stop(). `address` is host:port of the HTTP API, the same over restarts."""

    def __init__(self, address, folder, seed, singles_per_second=60, batches_per_second=2, batch=25):
        self._address, self._folder, self._seed = address, folder, seed
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._acked, self._cancellable = [], []
        self.files, self.errors = [], []
        singles = 4
        workers = [(self._single, singles_per_second / singles)] * singles
        workers += [(self._batch, batches_per_second), (self._cancel, 4), (self._read, 8)]
        self._batch_size = batch
        self._threads = [threading.Thread(target=self._run, args=(index, *worker), daemon=True) for index, worker in enumerate(workers)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(60)
        if self.errors:
            raise AssertionError("; ".join(self.errors[:5]))
        return self.files

    def _run(self, index, work, rate):
        client = Client(self._address, f"{self._folder}/client-{index}.jsonl", f"client-{index}", self._seed * 1000 + index)
        self.files.append(client.path)
        begin, done = time.monotonic(), 0
        try:
            while not self._ended.is_set():
                ahead = begin + done / rate - time.monotonic()
                if ahead > 0 and self._ended.wait(ahead):
                    break
                work(client)
                done += 1
        except Exception as error:  # a defect of the test or a wrong answer: the run must not pass
            self.errors.append(f"client-{index}: {type(error).__name__}: {error}")
        finally:
            client.close()

    def _single(self, client):
        key, request_id, spec, body = client.mix.draw()
        task = self._until_known(client, key, request_id, spec, body)
        if task and request_id and client.random.random() < 0.2:
            client.create(key, request_id, spec, body)

    def _until_known(self, client, key, request_id, spec, body):
        """One create; with a request id it is repeated until the outcome is known, as a client of ours does."""
        while True:
            outcome, task = client.create(key, request_id, spec, body)
            if outcome == "ok":
                self._keep(spec, task)
                return task
            if not request_id or self._ended.is_set():
                return ""
            self._ended.wait(PAUSE_SECONDS)

    def _keep(self, spec, task):
        with self._lock:
            self._acked.append(task)
            del self._acked[:-500]
            if spec["define"] == "2,20" or spec["args"].split(",")[1] == "2500":
                self._cancellable.append(task)
                del self._cancellable[:-100]

    def _batch(self, client):
        items = [client.mix.draw() for _ in range(self._batch_size)]
        for outcome, task, item in client.create_batch(items):
            if outcome == "ok":
                self._keep(item[2], task)
            elif outcome == "info" and item[1]:
                self._until_known(client, *item)

    def _cancel(self, client):
        with self._lock:
            task = self._cancellable.pop(client.random.randrange(len(self._cancellable))) if self._cancellable else ""
        if task:
            client.cancel(task)

    def _read(self, client):
        with self._lock:
            task = client.random.choice(self._acked) if self._acked else ""
        if task:
            client.read(task)


class Client:
    """One client process of the history."""

    def __init__(self, address, path, name, seed):
        self.path, self.random, self.mix = path, random.Random(seed), Mix(seed, name)
        self._http, self._writer = Http(address, timeout=20), Writer(path, name)

    def close(self):
        self._http.close()
        self._writer.close()

    def _call(self, method, path, body=None):
        """(outcome, answer): what a client may conclude from what it got."""
        try:
            status, answer = self._http.request(method, path, body)
        except NotSent:
            time.sleep(PAUSE_SECONDS)
            return "fail", "not sent"
        except NoAnswer as error:
            return "info", str(error)
        if status in SUCCESS:
            return "ok", answer
        if isinstance(answer, dict) and answer.get("code") in NOT_DONE:
            if answer["code"] in ("INVALID_ARGUMENT", "CONFLICT"):
                raise AssertionError(f"{method} {path}: {status} {answer} for {dumps(body)[:500]}")
            return "fail", f"{status} {answer}"
        return "info", f"{status} {answer}"

    def create(self, key, request_id, spec, body):
        number = self._writer.invoke("create", key=key, req=request_id, spec=spec)
        outcome, answer = self._call("POST", "/v1/tasks", body)
        return self._created(number, outcome, answer)

    def _created(self, number, outcome, answer):
        task = answer["id"] if outcome == "ok" else ""
        more = {"task": task} if task else {"error": str(answer)[:300]}
        self._writer.write(outcome, "create", n=number, **more)
        return outcome, task

    def create_batch(self, items):
        """(outcome, task, item) per item."""
        numbers = [self._writer.invoke("create", key=key, req=request_id, spec=spec) for key, request_id, spec, _ in items]
        outcome, answer = self._call("POST", "/v1/tasks:batchCreate", {"specs": [body for _, _, _, body in items]})
        answers = [(outcome, answer)] * len(items)
        if outcome == "ok":
            answers = [self._item(item) for item in answer["items"]]
            if len(answers) != len(items):
                raise AssertionError(f"{len(items)} specs, {len(answers)} answers")
        return [(*self._created(number, *one), item) for number, one, item in zip(numbers, answers, items)]

    @staticmethod
    def _item(item):
        if "created" in item:
            return "ok", item["created"]
        error = item["error"]
        if error.get("code") in ("INVALID_ARGUMENT", "CONFLICT"):
            raise AssertionError(f"batch item refused: {error}")
        return ("fail" if error.get("code") in NOT_DONE else "info"), str(error)

    def cancel(self, task):
        number = self._writer.invoke("cancel", task=task)
        outcome, answer = self._call("POST", f"/v1/tasks/{task}:cancel", {})
        more = {"error": str(answer)[:300]}
        if outcome == "ok":
            more = {"cancelled": answer.get("cancelled", False), "running": answer.get("running", []), "chained": answer.get("chained", [])}
        self._writer.write(outcome, "cancel", n=number, task=task, **more)

    def read(self, task):
        number = self._writer.invoke("get", task=task)
        outcome, answer = self._call("GET", f"/v1/tasks/{task}/ledger")
        more = {"error": str(answer)[:300]}
        if outcome == "ok":
            rows = [row["firing"] for row in answer.get("rows", []) if "firing" in row]
            more = {"rows": [[row["id"], row["state"], row.get("outcome", ""), row.get("attempt", 0)] for row in rows]}
        elif outcome == "fail" and "NOT_FOUND" in str(answer):
            raise AssertionError(f"task {task} was acked, its ledger is not found")
        self._writer.write(outcome, "get", n=number, task=task, **more)
