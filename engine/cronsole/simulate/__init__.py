"""The real planner and the dispatcher's rules on a virtual clock: fires, catch-ups and skips over any window.

A package, because the engine, what befalls it and how its runs end are three rooms.
"""

from collections.abc import Iterable, Iterator

from cronsole.model.instant import Instant
from cronsole.model.schedule import Schedule
from cronsole.model.settings import Settings
from cronsole.simulate.entry import Entry, record
from cronsole.simulate.fate import Fate
from cronsole.simulate.happenings import Happenings
from cronsole.simulate.world import World

__all__ = ["Entry", "Happenings", "record", "simulate"]


def simulate(
    schedules: Iterable[Schedule],
    settings: Settings,
    *,
    start: Instant,
    end: Instant,
    happenings: Happenings | None = None,
) -> Iterator[Entry]:
    """Let time pass from the start, at which all schedules are first seen, up to the end; tell what becomes of them.

    Entries come in the order in which things are decided or end; what is not over at the end comes last.
    """
    world = World(settings, happenings or Happenings(), start)
    Fate(world).foretell()
    world.begin(schedules)
    yield from world.run(end)
