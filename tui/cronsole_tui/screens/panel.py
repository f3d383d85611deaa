"""What the home view tells of the schedule at the cursor: below the table, or beside one that is wide enough."""

from collections.abc import Sequence

from cronsole.model.view import ScheduleDetail
from cronsole_tui.scene import Scene
from cronsole_tui.views import detail
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.line import Line, Span, Tone, faded


def below(
    scene: Scene, entry: Entry, known: ScheduleDetail | None, output: Sequence[str], *, width: int
) -> tuple[Line, ...]:
    """Return the few lines under the table."""
    lines = detail.panel(
        entry.schedule,
        known,
        output,
        width=width,
        now=scene.now(),
        zone=scene.zone_of(entry.schedule.timezone),
        ascii_only=scene.ascii_only,
    )
    return _old(scene, entry, lines)


def beside(
    scene: Scene,
    entry: Entry,
    known: ScheduleDetail | None,
    output: Sequence[str],
    *,
    width: int,
    height: int,
) -> tuple[Line, ...]:
    """Return the column, with a line between it and the table down to the bottom."""
    bar = Span("| " if scene.ascii_only else "│ ", Tone.RULE)
    lines = detail.column(
        entry.schedule,
        known,
        output,
        width=width - 2,
        height=height,
        now=scene.now(),
        zone=scene.zone_of(entry.schedule.timezone),
        ascii_only=scene.ascii_only,
    )
    lines = (*lines, *[()] * (height - len(lines)))
    return _old(scene, entry, tuple((bar, *line) for line in lines))


def _old(scene: Scene, entry: Entry, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines without what stands out where their host is not heard."""
    return tuple(map(faded, lines)) if scene.fleet.host(entry.host).is_old else lines
