"""The schedules of the battery: all triggers, policies and overlaps, some slow enough to outlive a kill."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.crash.records import MINUTE_MS, Watched

SECOND_MS = 1_000


@dataclass(frozen=True)
class Task:
    """A `[[tasks]]` entry, and what it promises."""

    id: str
    keys: dict[str, str]
    promise: Watched
    env: dict[str, str] = field(default_factory=dict)
    is_list: bool = False
    script: str = ""

    def watched(self, since: int) -> Watched:
        if self.promise.since is None:
            return replace(self.promise, since=since)
        return self.promise


def cron(task_id: str, seconds: str, offsets: range | tuple[int, ...], **keys: str) -> Task:
    """Return a task that fires at these seconds of each minute."""
    promise = Watched(task_id, MINUTE_MS, tuple(second * SECOND_MS for second in offsets))
    return _task(task_id, {"cron": f'"{seconds} * * * * *"'}, promise, keys)


def every(task_id: str, seconds: int, **keys: str) -> Task:
    """Return a task that fires at multiples of so many seconds since the epoch."""
    trigger = {"every": f'"{seconds}s"', "start_at": '"1970-01-01T00:00:00Z"'}
    return _task(task_id, trigger, Watched(task_id, seconds * SECOND_MS), keys)


def once(task_id: str, **keys: str) -> Task:
    """Return a task that fires once, half a second after it was first seen."""
    return _task(task_id, {"after": '"500ms"'}, Watched(task_id, 1), keys)


def _task(task_id: str, trigger: dict[str, str], promise: Watched, keys: dict[str, str]) -> Task:
    """Split the keys into those of the task, and those in capitals, which are variables of the job."""
    env = {name: value for name, value in keys.items() if name.isupper()}
    is_list = keys.pop("as_list", "") == "yes"
    script = keys.pop("script", "")
    own = {name: value for name, value in keys.items() if not name.isupper()}
    policy = own.get("missed_run_policy", '"run_once"').strip('"')
    parallel = int(own.get("max_parallel", "1"))
    promise = replace(
        promise,
        parallel=parallel,
        missed_run_policy=policy,
        has_retries="retry" in own,
        leaves_exit_status=not is_list,
        jitter_ms=int(own.get("jitter_ms", "0")),
    )
    return Task(task_id, {**trigger, **own}, promise, env, is_list, script)


def config_text(tasks: tuple[Task, ...], settings: dict[str, str], *, job: Path, journal: Path) -> str:
    """Return the TOML of the tasks."""
    engine = {"keep": "{successes = 1000000, failures = 1000000}", **settings}
    lines = ["[engine]", *(f"{name} = {value}" for name, value in engine.items())]
    for task in tasks:
        env = {"JOURNAL": str(journal), **task.env}
        lines += ["", "[[tasks]]", f'id = "{task.id}"']
        lines += [f"{name} = {value}" for name, value in task.keys.items()]
        if task.is_list:
            lines.append(f'command = ["/bin/sh", "{job}"]')
        else:
            script = task.script or f". {job}"
            lines.append(f"command = '''{script}'''")
        lines.append("env = {" + ", ".join(f'{name} = "{value}"' for name, value in env.items()) + "}")
    return "\n".join(lines) + "\n"


RUN_ALL = {"missed_run_policy": '"run_all"', "overlap": '"queue_all"'}
SKIP = {"missed_run_policy": '"skip"'}

EVERYTHING = (
    cron("each-second", "*", range(60)),
    cron("even-seconds", "*/2", range(0, 60, 2)),
    cron("skips-missed", "*/3", range(0, 60, 3), **SKIP),
    cron("makes-up-for-all", "*/5", range(0, 60, 5), **RUN_ALL),
    cron("listed-seconds", "1,4,9,23,24,25,47", (1, 4, 9, 23, 24, 25, 47), **RUN_ALL),
    cron("slow-by-the-clock", "*/4", range(0, 60, 4), NAP="3", missed_run_policy='"run_all"'),
    every("each-second-all", 1, **RUN_ALL),
    every("slow-and-skipped", 2, NAP="5"),
    every("slow-and-queued", 3, NAP="4", overlap='"queue_one"'),
    every("three-abreast", 2, NAP="5", overlap='"allow"', max_parallel="3"),
    every("again-when-lost", 5, NAP="2", delivery='"at_least_once"'),
    every("again-when-lost-as-list", 4, NAP="1", delivery='"at_least_once"', as_list="yes"),
    every("fails-and-retries", 3, CODE="1", retry='{attempts = 2, delay = "300ms"}'),
    every("heals-at-the-second", 5, CODE="1", HEALS="2", retry='{attempts = 3, delay = "200ms"}'),
    every("slow-retries", 5, NAP="2", CODE="1", retry='{attempts = 1, delay = "300ms"}'),
    every("skips-and-naps", 2, NAP="1", **SKIP),
    every("spread", 4, jitter_ms="1500"),
    every("replaced-by-newer", 3, NAP="4", overlap='"cancel_old"'),
    every("runs-out-of-time", 5, NAP="4", timeout='"1s"'),
    every("as-list", 3, as_list="yes"),
)
