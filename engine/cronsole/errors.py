"""CronsoleError and one subclass for each thing that a user can act on."""

import difflib
from collections.abc import Iterable


class CronsoleError(Exception):
    """An error that is told to the user as one sentence, without a traceback."""


class TriggerError(CronsoleError):
    """An expression that cannot be a trigger; `field` and `position` say where, when known."""

    def __init__(self, message: str, *, field: str | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.position = position


class UnknownTimezone(CronsoleError):
    """A zone that the machine's time-zone data does not have."""


class ConfigError(CronsoleError):
    """A configuration that cannot be used; `problems` holds all of its faults."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StateLocked(CronsoleError):
    """Another engine owns the state directory."""


class StoreUnavailable(CronsoleError):
    """The ledger cannot be written now: disk full, locked, gone. Nothing may start until it can."""


class StoreCorrupt(CronsoleError):
    """The ledger is damaged, or written by a newer program; the engine refuses to guess."""


class UnknownSchedule(CronsoleError):
    """No schedule has that id."""


class ScheduleDisabled(CronsoleError):
    """The schedule is disabled in its file."""


class UnknownRun(CronsoleError):
    """No run has that id."""


class UnknownPlugin(CronsoleError):
    """No plugin has that name."""


class UnknownCommand(CronsoleError):
    """The plugin has no command of that name."""


class ScheduleExists(CronsoleError):
    """Another schedule has that id already."""


class NotOurs(CronsoleError):
    """The schedule comes from a file or a plugin, and is changed there."""


class StaleDefinition(CronsoleError):
    """The definition was changed since it was read."""


class NotNow(CronsoleError):
    """What is asked for does not go with the state that a run or a schedule is in."""


class Forbidden(CronsoleError):
    """Who asks may not do that."""


class KeyReused(CronsoleError):
    """An idempotency key was used before, for something else."""


class Unreachable(CronsoleError):
    """No engine answers there."""


class MissingExtra(CronsoleError):
    """A feature needs an optional dependency."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an extra: pip install 'cronsole[{extra}]'")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to the given one, if any is close enough to be meant."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
