"""The command line, and a person who interrupts it at a moment: `interrupting.py MOMENT WORDS…`."""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from cronsole.cli import main, render, watch
from cronsole.cli.live_schedules import LiveSchedules
from cronsole.cli.region import Region
from cronsole.client.engine import EngineClient


def interrupt(kill: Callable[[int, int], None] = os.kill, pid: int = os.getpid()) -> None:
    kill(pid, signal.SIGINT)


def at(owner: Any, name: str) -> None:
    """Interrupt at the start of a function, and once more before it returns."""
    original = getattr(owner, name)

    def call(*args: Any, **others: Any) -> Any:
        interrupt()
        result = original(*args, **others)
        interrupt()
        return result

    setattr(owner, name, call)


class LastThing:
    """A value that Python takes apart when it has given up its handlers of signals."""

    def __del__(self, last: Callable[[], None] = interrupt) -> None:
        last()


def leave_last_thing() -> None:
    globals()["last_thing"] = LastThing()


def at_paint_and_exit() -> None:
    at(Region, "paint")
    at(Region, "__exit__")


MOMENTS: dict[str, Callable[[], object]] = {
    "loading": lambda: at(main, "import_module"),
    "connecting": lambda: at(EngineClient, "at"),
    "asking": lambda: at(LiveSchedules, "refresh"),
    "drawing": lambda: at(watch, "_picture"),
    "writing": lambda: at(render, "write"),
    "painting": lambda: at(Region, "paint"),
    "giving-the-cursor-back": at_paint_and_exit,
    "listing": lambda: at(render, "show"),
    "flushing": lambda: at(render, "flush"),
    "exiting": lambda: atexit.register(interrupt),
    "gone": leave_last_thing,
}

moment, *sys.argv[1:] = sys.argv[1:]
MOMENTS[moment]()
main.main()
