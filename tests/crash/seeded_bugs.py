"""Bugs that a scheduler may well have, each a function that seeds it into the engine of this process."""

import asyncio
import itertools
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import msgspec

from cronsole.executors.base import Outcome
from cronsole.model.run import Finished, RunState, Verdict
from cronsole.planning import overlap
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.journal import Journal
from cronsole.runtime.launcher import Launcher
from cronsole.runtime.recovery import Recovery
from cronsole.store.base import Committed
from cronsole.store.sqlite import SqliteLedger

BUGS: dict[str, Callable[[], None]] = {}

_COMMIT_DELAY_S = 1.5
_OVERSLEPT_MS = 4_000
_FORGOTTEN_MS = 3_000


def bug(seed: Callable[[], None]) -> Callable[[], None]:
    BUGS[seed.__name__.replace("_", "-")] = seed
    return seed


def around(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Replace a method by one that is handed the original first."""

    def put(replacement: Callable[..., Any]) -> None:
        original = getattr(owner, name)

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            return replacement(original, *args, **kwargs)

        setattr(owner, name, call)

    return put


@bug
def starts_before_the_claim_is_committed() -> None:
    @around(Journal, "ask")
    def ask(original, self, **asked):
        if not asked.get("claims"):
            return original(self, **asked)
        loop = asyncio.get_running_loop()
        loop.call_later(_COMMIT_DELAY_S, partial(original, self, **asked))
        answer = loop.create_future()
        answer.set_result(Committed())
        return answer


@bug
def fires_again_after_a_restart() -> None:
    """The watermarks that are read at start are old, and a refused claim is taken for a granted one."""

    @around(SqliteLedger, "schedule_states")
    async def schedule_states(original, self):
        states = await original(self)
        return {
            key: msgspec.structs.replace(
                state, watermark=max(state.created_at, state.watermark - _FORGOTTEN_MS)
            )
            for key, state in states.items()
        }

    @around(Claimer, "_act")
    def act(original, self, lane, run, _committed):
        original(self, lane, run, Committed())


Verdicts = tuple[Verdict, ...]


def _change_verdicts(change: Callable[[Verdicts], Verdicts]) -> None:
    @around(Claimer, "_verdicts")
    def verdicts(original, self, *args):
        return change(original(self, *args))


@bug
def drops_what_was_missed() -> None:
    _change_verdicts(lambda verdicts: tuple(each for each in verdicts if each.state is not RunState.MISSED))


@bug
def takes_only_the_newest_of_two_due_slots() -> None:
    _change_verdicts(lambda verdicts: verdicts[-1:])


@bug
def counts_one_missed_slot_too_many() -> None:
    def recounted(verdict: Verdict) -> Verdict:
        if verdict.state is not RunState.MISSED:
            return verdict
        more = msgspec.structs.replace(verdict.stands_for, count=verdict.stands_for.count + 1)
        return msgspec.structs.replace(verdict, stands_for=more)

    _change_verdicts(lambda verdicts: tuple(map(recounted, verdicts)))


@bug
def forgets_the_runs_that_outlived_it() -> None:
    @around(Recovery, "_settle_command")
    async def settle(_original, self, lane, run, _job):
        self._dispatcher.close_unwatched(lane, run, Outcome(RunState.LOST))


@bug
def leaves_unfinished_runs_as_they_are() -> None:
    @around(Recovery, "settle")
    async def settle(_original, _self, _lane, _run):
        return None


@bug
def never_tells_of_an_end() -> None:
    @around(Journal, "tell")
    def tell(original, self, *changes, **others):
        original(self, *(change for change in changes if not isinstance(change, Finished)), **others)


@bug
def ignores_overlaps() -> None:
    @around(overlap, "decide")
    def decide(_original, *_args, **_kwargs):
        return overlap.Start()


@bug
def keeps_the_lane_busy_for_ever() -> None:
    @around(Dispatcher, "_release")
    def release(_original, _self, _lane, _active, **_kwargs):
        return None


@bug
def keeps_the_fence_in_a_retry() -> None:
    @around(Dispatcher, "_retry_later")
    def retry_later(original, self, lane, active, *others):
        identity = self._identity
        new_fence = identity.new_fence
        identity.new_fence = lambda: active.run.fence
        try:
            original(self, lane, active, *others)
        finally:
            identity.new_fence = new_fence


@bug
def starts_a_retry_twice() -> None:
    """Past the executor's own guard: each start has an output file of its own."""
    numbers = itertools.count()

    @around(Dispatcher, "_retry")
    def retry(original, self, lane, active):
        original(self, lane, active)
        asyncio.get_running_loop().call_later(0.02, self._launch, lane, active)

    @around(Launcher, "output_path")
    def output_path(original, self, run) -> Path:
        path: Path = original(self, run)
        return path if run.attempt == 1 else path.with_suffix(f".{next(numbers)}.log")


@bug
def takes_failure_for_success() -> None:
    @around(Dispatcher, "_ended_with")
    def ended_with(original, self, lane, active, outcome):
        original(self, lane, active, msgspec.structs.replace(outcome, state=RunState.SUCCEEDED))


@bug
def starts_as_soon_as_it_has_claimed() -> None:
    @around(Dispatcher, "submit")
    def submit(_original, self, lane, run):
        self._arrive(lane, run)


@bug
def oversleeps() -> None:
    @around(Dispatcher, "submit")
    def submit(original, self, lane, run):
        original(self, lane, msgspec.structs.replace(run, due_at=run.due_at + _OVERSLEPT_MS))
