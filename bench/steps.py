"""Which step of a task's way a sample of the server belongs to, by the functions on its stack."""
import collections
import re
import subprocess

# The first that fits one of the functions on the stack. A function that two steps share stands below them.
STEPS = [
    ("store: commit to disk", r"WriteBatch::commit"),
    ("store: write a new task, begun at once", r"Writer::create"),
    ("store: rows of claims and ends", r"Writer::(claim|begin|end|end_item|write_end)\b|Tables::flush"),
    ("store: remove old tasks (retention)", r"Writer::(purge|remove)"),
    ("scheduler: created, begun, answered", r"Scheduler::Impl::created\b|Scheduler::Impl::ask<meepo::ports::CreateRequest"),
    ("scheduler: ended", r"Scheduler::Impl::(ended|send_ends|end_answered)\b|ports::EndRequest"),
    ("scheduler: claimed", r"Scheduler::Impl::claimed\b|ports::ClaimRequest"),
    ("scheduler: creates into requests of the store", r"Scheduler::Impl::(create|flush_creates|prepare)\b"),
    ("store: the rest of its writer", r"WriteBatch::|sqlite::(Writer|Tables|RowCache)|::carry_writes|::hand_over"),
    ("dispatch: runs to the executor", r"Impl::dispatch\b|DirectDispatcher::Core::flush|DirectDispatcher::send|ToExecutor"),
    ("dispatch: reports of the executor", r"Session::OnReadDone|FromExecutor|DirectDispatcher::Core::handle"),
    ("scheduler: the rest of its loop", r"AsioLoop|Scheduler::Impl"),
    ("API: read and check creates, write answers", r"Calls::|CreateStream|CreateBatch|meepo::api::|meepo::v1::"),
]
OTHER = "gRPC, and what has no function of ours on its stack"


def shares(perf_data):
    """Pairs of a step and its share of the samples, largest first."""
    text = subprocess.run(["perf", "script", "--no-inline", "-i", perf_data, "-F", "comm,ip,sym"], capture_output=True, text=True, check=True).stdout
    counts = collections.Counter(step_of(sample) for sample in text.split("\n\n") if "\n" in sample.strip())
    total = sum(counts.values())
    return [(step, count / total) for step, count in counts.most_common()]


def step_of(sample):
    return next((step for step, functions in STEPS if re.search(functions, sample)), OTHER)
