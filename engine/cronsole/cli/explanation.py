"""The steps of a decision, laid out one below the other."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from cronsole.cli.glyphs import FAINT, OF_RUN, OF_STEP, STRONG
from cronsole.cli.tables import cell
from cronsole.cli.times import Viewer, iso
from cronsole.model.prospect import StepOutcome, WhyStep, WhyView
from cronsole.model.run import RunState
from cronsole.model.view import RunView
from cronsole.text import human_duration, safe, width


def explanation(view: WhyView, viewer: Viewer, *, timezone: str, has_glyphs: bool) -> Iterator[Text]:
    """Yield the lines of an explanation: what for, the conclusion, and each step that led to it."""
    slot = "" if view.slot is None else f"  {_told(view.slot, timezone, viewer)}"
    yield Text.assemble((safe(view.schedule_id), STRONG), (slot, FAINT))
    yield Text.assemble("  ", (safe(view.conclusion), STRONG))
    widest = max((width(safe(step.name)) for step in view.steps), default=0)
    for step in view.steps:
        yield _line(step, widest, has_glyphs)
    if view.run is not None:
        yield _run(view.run, has_glyphs)


def _told(slot: datetime, timezone: str, viewer: Viewer) -> str:
    """Return the slot on the schedule's own clock, of which its trigger speaks, and on the viewer's."""
    own = f"{slot.astimezone(ZoneInfo(timezone)):%a %Y-%m-%d %H:%M:%S %Z}"
    viewers = viewer.both(slot)
    return viewers if viewers.startswith(own) else f"{own}, {viewers}"


def _line(step: WhyStep, widest: int, has_glyphs: bool) -> Text:
    look = OF_STEP[step.outcome]
    name = safe(step.name)
    line = Text.assemble(
        "  ",
        (look.sign(has_glyphs), look.style),
        " ",
        (name + " " * (widest - width(name)), STRONG if step.outcome is StepOutcome.STOPS else ""),
        "  ",
    )
    return line.append(safe(step.detail), FAINT if step.outcome is StepOutcome.NOTE else "")


def _run(run: RunView, has_glyphs: bool) -> Text:
    look = OF_RUN[run.state]
    told = f"run {run.run_id}"
    if run.started_at is not None:
        told += f", started {iso(run.started_at)}"
    if run.duration_ms is not None:
        told += f", took {human_duration(run.duration_ms)}"
    if run.detail and run.state is not RunState.SKIPPED:
        told += f": {run.detail}"
    return Text.assemble("  ", (look.label(has_glyphs), look.style), "  ").append_text(cell(told, FAINT))
