"""Runs as rows of a table: state, schedule, when, how long; then the run's id, why it ran, and what it said."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from cronsole.cli.glyphs import BUSY, FAINT, OF_RUN
from cronsole.cli.tables import Column, Table, cell
from cronsole.cli.times import Viewer
from cronsole.model.instant import SECOND, from_datetime
from cronsole.model.run import Cause
from cronsole.model.view import RunView
from cronsole.text import ago, human_duration, until

_WIDE: Final = 110

COLUMNS: Final = (
    Column("STATE"),
    Column("SCHEDULE", rank=1, least=10),
    Column("AGO", rank=8),
    Column("TOOK", rank=2),
    Column("RUN", rank=3),
    Column("WHEN", rank=5, from_width=_WIDE),
    Column("CAUSE", rank=6, from_width=_WIDE, least=10),
    Column("LATE", rank=9, from_width=_WIDE),
    Column("DETAIL", rank=7, from_width=_WIDE, least=24),
)


def run_table(
    runs: Sequence[RunView], viewer: Viewer, *, has_glyphs: bool = True, is_of_one: bool = False
) -> Table:
    """Return the runs as a table, in the order given; where they are of one schedule, it is not named in each."""
    columns = [
        column._replace(title=f"WHEN ({viewer.zone_name})") if column.title == "WHEN" else column
        for column in COLUMNS
    ]
    rows = [_row(run, viewer, has_glyphs) for run in runs]
    if is_of_one:
        columns, rows = [columns[0], *columns[2:]], [(row[0], *row[2:]) for row in rows]
    return Table(columns, rows, ellipsis="…" if has_glyphs else "~")


def _row(run: RunView, viewer: Viewer, has_glyphs: bool) -> tuple[Text, ...]:
    look = OF_RUN[run.state]
    at = run.started_at or run.slot or run.due_at
    return (
        cell(look.label(has_glyphs), look.style),
        cell(run.schedule_id),
        cell(ago(from_datetime(at), viewer.now)),
        cell(_took(run), "" if run.state.is_final else BUSY),
        cell(run.run_id, FAINT),
        cell(viewer.brief(at)),
        cell(cause_told(run), FAINT),
        cell(_late(run)),
        cell(detail_told(run, viewer), FAINT),
    )


def _took(run: RunView) -> str:
    return "" if run.duration_ms is None else human_duration(run.duration_ms)


def _late(run: RunView) -> str:
    return human_duration(run.late_ms) if run.late_ms is not None and run.late_ms >= SECOND else ""


def cause_told(run: RunView) -> str:
    """Return why a run was made: its slot, a catch-up of how many, or who asked for it."""
    told = run.cause.value
    if run.is_catchup and run.cause is Cause.SLOT:
        told = "catch-up"
    if run.stands_for is not None and run.stands_for.count > 1:
        told += f" of {run.stands_for.count:,}"
    return f"{told} by {run.actor}" if run.actor else told


def detail_told(run: RunView, viewer: Viewer) -> str:
    """Return what is to be known of a run's end, or of why it has none."""
    parts = [run.reason.value.replace("_", " ")] if run.reason is not None else []
    if run.attempt > 1:
        parts.append(f"attempt {run.attempt}")
    if run.retry_at is not None and not run.state.is_final:
        parts.append(f"again {until(from_datetime(run.retry_at), viewer.now)}")
    if run.detail:
        parts.append(run.detail)
    if run.bypassed:
        parts.append(f"passed by {run.bypassed}")
    return ", ".join(parts)
