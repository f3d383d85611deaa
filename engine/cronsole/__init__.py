"""The scheduler you can watch: an engine that runs schedules and a ledger of what became of each.

What an author of a plugin needs is here: `from cronsole import Plugin, RunContext, Schedule`. It is loaded when it is
first asked for, so that whoever only asks for the version does not wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cronsole.plugins.author import Locking, MissedRunPolicy, Plugin, RunContext, Schedule

__all__ = ["Locking", "MissedRunPolicy", "Plugin", "RunContext", "Schedule", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in __all__:
        # By its name: whoever imports this package for its version is no user of plugins.
        return getattr(import_module("cronsole.plugins.author"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
