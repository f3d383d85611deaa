"""What an executor is handed, what it tells, and what it returns."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import msgspec

from cronsole.errors import CronsoleError
from cronsole.model.action import Action
from cronsole.model.instant import Instant, Millis
from cronsole.model.policy import Expect, Limits
from cronsole.model.run import RunState


class Job(msgspec.Struct, frozen=True):
    """One attempt of a run, ready to be carried out."""

    run_id: str
    schedule_id: str
    action: Action
    attempt: int
    fence: int
    slot: Instant | None
    due_at: Instant
    is_catchup: bool
    run_count: int
    config: str
    payload: str
    output_path: Path
    timeout_ms: Millis | None
    kill_grace_ms: Millis
    expect: Expect
    limits: Limits


class Process(msgspec.Struct, frozen=True):
    """A started process; pid and start time together tell it from a later one with the same pid."""

    pid: int
    pid_started: int


class Remembered(msgspec.Struct, frozen=True):
    """What a plugin wants to know at its next call: JSON text of a table, merged shallowly into its state."""

    plugin: str
    updates: str


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended. `is_final` forbids a retry, whatever the policy says.

    What is `remembered` is written in the transaction that writes the end down, and not where that is refused.
    `spent_files` may be removed once the outcome is committed, and not before: until then they tell a recovery
    that the attempt was started, and how it ended.
    """

    state: RunState
    exit_code: int | None = None
    detail: str = ""
    output: str = ""
    output_file: str = ""
    output_bytes: int = 0
    is_final: bool = False
    spent_files: tuple[str, ...] = ()
    remembered: Remembered | None = None


def discard(outcome: Outcome) -> None:
    """Remove the files that a committed outcome no longer needs."""
    for path in outcome.spent_files:
        with suppress(OSError):
            os.unlink(path)


class Execution(Protocol):
    """A started attempt."""

    @property
    def process(self) -> Process | None:
        """The process of a command. It is looked up when first asked for: ask after the start of others due now."""
        ...

    async def wait(self) -> Outcome:
        """Return how the attempt ended, its whole tree of processes gone or being seen to."""
        ...

    def stop(self, reason: str, *, by_force: bool = False) -> None:
        """Ask the attempt to end as cancelled: TERM, then KILL after the grace; KILL at once by force."""
        ...


class Executor(Protocol):
    def start(self, job: Job) -> Execution:
        """Start the attempt now and return at once; a fault in starting is an Outcome of `wait`, never raised.

        Python handlers and HTTP requests run in the task that awaits `wait`, and so begin there.
        """
        ...


class StartFault(CronsoleError):
    """An attempt that cannot be started; `is_final` where only an edit of the schedule can cure it."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


class Ended:
    """An attempt that had ended by the time it was handed out."""

    __slots__ = ("_outcome", "process")

    def __init__(self, outcome: Outcome) -> None:
        self.process: Process | None = None
        self._outcome = outcome

    async def wait(self) -> Outcome:
        return self._outcome

    def stop(self, reason: str, *, by_force: bool = False) -> None:
        """There is nothing left to stop."""
