"""The named points of a fire at which the engine may die, each a function that makes it die there."""

import os
import signal
from collections.abc import Callable
from typing import Any

from tests.crash.seeded_bugs import around

from cronsole.executors.execution import CommandExecution
from cronsole.executors.spawn import Spawner
from cronsole.model.run import Finished, Retrying, Starting
from cronsole.runtime import janitor
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.enactment import Enactment
from cronsole.runtime.journal import Journal
from cronsole.runtime.recovery import Recovery
from cronsole.runtime.reload import Reloader
from cronsole.store.sqlite import SqliteLedger

CRASH_AT = "CRASH_AT"
_PRUNE_SECONDS = 2.0

When = Callable[..., bool]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _always(*_args: Any, **_kwargs: Any) -> bool:
    return True


class _Countdown:
    """Dies at the call of which the environment gives the number, so that a fire is not always the first."""

    def __init__(self) -> None:
        self._left = int(os.environ.get(CRASH_AT, "5"))

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            die()


def before(owner: Any, name: str, when: When = _always) -> None:
    tick = _Countdown()

    @around(owner, name)
    def call(original, *args, **kwargs):
        if when(*args, **kwargs):
            tick()
        return original(*args, **kwargs)


def after(owner: Any, name: str, when: When = _always) -> None:
    tick = _Countdown()

    @around(owner, name)
    def call(original, *args, **kwargs):
        result = original(*args, **kwargs)
        if when(*args, **kwargs):
            tick()
        return result


def after_await(owner: Any, name: str, when: When = _always) -> None:
    tick = _Countdown()

    @around(owner, name)
    async def call(original, *args, **kwargs):
        result = await original(*args, **kwargs)
        if when(*args, **kwargs):
            tick()
        return result


def _has_claims(_self: Any, batch: Any = None, **asked: Any) -> bool:
    return bool(batch.claims if batch is not None else asked.get("claims"))


def _has(kind: type) -> When:
    return lambda _self, batch: any(isinstance(change, kind) for change in batch.changes)


def _pruning_often(install: Callable[[], None]) -> Callable[[], None]:
    def point() -> None:
        janitor._PRUNE_SECONDS = _PRUNE_SECONDS
        install()

    return point


POINTS: dict[str, Callable[[], None]] = {
    "before-claim": lambda: before(Journal, "ask", _has_claims),
    "before-commit": lambda: before(SqliteLedger, "commit", _has_claims),
    "after-commit": lambda: after_await(SqliteLedger, "commit", _has_claims),
    "after-claim": lambda: before(Claimer, "_act"),
    "before-output-file": lambda: before(Spawner, "spawn"),
    "before-fork": lambda: before(Spawner, "_popen"),
    "after-fork": lambda: after(Spawner, "_popen"),
    "at-exit": lambda: before(CommandExecution, "_on_exit"),
    "before-finish": lambda: before(Dispatcher, "_ended_with"),
    "after-finish": lambda: after_await(SqliteLedger, "commit", _has(Finished)),
    "after-a-failed-attempt": lambda: after_await(SqliteLedger, "commit", _has(Retrying)),
    "after-a-retry-is-starting": lambda: after_await(SqliteLedger, "commit", _has(Starting)),
    "before-prune": _pruning_often(lambda: before(SqliteLedger, "prune")),
    "after-prune": _pruning_often(lambda: after_await(SqliteLedger, "prune")),
    "before-a-reload-is-committed": lambda: before(Enactment, "change"),
    "after-a-reload-is-committed": lambda: before(Enactment, "_take_effect"),
    "at-the-end-of-a-reload": lambda: before(Reloader, "_tell"),
    "in-recovery": lambda: before(Recovery, "settle"),
}
