"""Everything about one schedule, part by part, as `cronsole show` prints it."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.text import Text

from cronsole.cli.facts import LABEL_CELLS, fact, heading
from cronsole.cli.glyphs import BAD, FAINT, GOOD, OF_RUN, STRONG, WARN, strip_of
from cronsole.cli.run_rows import run_table
from cronsole.cli.schedule_rows import took_told
from cronsole.cli.standing import look_of
from cronsole.cli.times import Viewer
from cronsole.model.instant import from_datetime
from cronsole.model.view import FireView, GateView, RunView, ScheduleDetail, ScheduleView, Statistics
from cronsole.text import human_duration, pad, plural, safe, until, width


def schedule_page(
    detail: ScheduleDetail, runs: Sequence[RunView], viewer: Viewer, *, has_glyphs: bool
) -> Iterator[RenderableType]:
    """Yield the parts of the page from top to bottom; a part that has nothing to say is left out."""
    view = detail.schedule
    look = look_of(view)
    yield Text.assemble((safe(view.id), STRONG), "  ", (look.label(has_glyphs), look.style))
    if view.description:
        yield Text(f"  {safe(view.description)}")
    yield from _facts(detail)
    yield from _state(view, viewer, has_glyphs)
    yield from _fires(detail.fires, viewer)
    yield from _gates(detail.gates, has_glyphs)
    yield from _statistics(detail.statistics, viewer)
    yield from _definition(detail.definition, view.origin)
    if runs:
        yield heading("last runs")
        yield run_table(runs, viewer, has_glyphs=has_glyphs, is_of_one=True)


def _facts(detail: ScheduleDetail) -> Iterator[Text]:
    view = detail.schedule
    yield fact("when", f"{view.when} ({view.timezone})", "" if view.trigger == view.when else view.trigger)
    yield fact("does", view.action)
    yield fact("from", view.origin, view.plugin or view.source.value)
    if view.tags:
        yield fact("tags", " ".join(view.tags))
    if detail.shadows:
        yield fact("shadows", ", ".join(detail.shadows))


def _state(view: ScheduleView, viewer: Viewer, has_glyphs: bool) -> Iterator[Text]:
    if view.next_due is not None:
        line = fact("next", viewer.stamp(view.next_due), until(from_datetime(view.next_due), viewer.now))
        yield line.append("  late", BAD) if view.is_late else line
    if view.pause is not None:
        pause = view.pause
        told = f"since {viewer.stamp(pause.since)}" + (f" by {pause.actor}" if pause.actor else "")
        end = f"until {viewer.stamp(pause.until)}" if pause.until else "until it is resumed"
        yield fact("paused", f"{told}, {end}", pause.reason, style=WARN)
    if view.circuit_open_until is not None:
        yield fact("circuit", f"open until {viewer.both(view.circuit_open_until)}", style=BAD)
    for run in view.running:
        took = took_told(view) if run is view.running[0] else ""
        told = f"{took}, since {viewer.stamp(run.at)}" if took else f"since {viewer.stamp(run.at)}"
        attempt = f"attempt {run.attempt}, " if run.attempt > 1 else ""
        look = OF_RUN[run.state]
        yield fact(look.word, told, f"{attempt}{run.run_id}", style=look.style)
    if view.waiting:
        yield fact("waiting", plural(view.waiting, "run"))
    yield from _last(view, viewer, has_glyphs)


def _last(view: ScheduleView, viewer: Viewer, has_glyphs: bool) -> Iterator[Text]:
    if view.last is not None:
        look = OF_RUN[view.last.state]
        told = f"{look.label(has_glyphs)} {viewer.both(view.last.at)}"
        if view.last.duration_ms is not None:
            told += f", took {human_duration(view.last.duration_ms)}"
        yield fact("last", told, view.last.detail, style=look.style if view.last.state.is_failure else "")
    if view.failures and view.failing_since is not None:
        times = f"{view.failures:,} times in a row, " if view.failures > 1 else ""
        yield fact("failing", f"{times}since {viewer.both(view.failing_since)}", style=BAD)
    if view.recent:
        line = Text(pad("  recent", LABEL_CELLS) + " ")
        for mark in strip_of(view.recent, view.typical_ms, has_glyphs):
            line.append(mark.sign, mark.style)
        yield line


def _fires(fires: Sequence[FireView], viewer: Viewer) -> Iterator[Text]:
    if not fires:
        return
    yield heading("coming")
    widest = max(width(safe(fire.local)) for fire in fires)
    for fire in fires:
        line = Text(f"  {pad(safe(fire.local), widest)}  ")
        line.append(f"{until(from_datetime(fire.due), viewer.now):<12}", FAINT)
        jitter = from_datetime(fire.due) - from_datetime(fire.slot)
        if jitter:
            line.append(f"+{human_duration(jitter)} jitter  ", FAINT)
        line.append(safe(fire.note), WARN)
        line.rstrip()
        yield line


def _gates(gates: Sequence[GateView], has_glyphs: bool) -> Iterator[Text]:
    if not gates:
        return
    yield heading("gates")
    widest = max(width(safe(gate.name)) for gate in gates)
    for gate in gates:
        sign, style = (("✓", GOOD) if gate.is_open else ("✗", BAD)) if has_glyphs else _plain_gate(gate)
        word = "open" if gate.is_open else "shut"
        line = Text.assemble("  ", (f"{sign} {word}", style), f"  {pad(safe(gate.name), widest)}  ")
        yield line.append(safe(gate.detail), FAINT)


def _plain_gate(gate: GateView) -> tuple[str, str]:
    return ("+", GOOD) if gate.is_open else ("x", BAD)


def _statistics(found: Statistics, viewer: Viewer) -> Iterator[Text]:
    ran = found.succeeded + found.failed
    if not ran and not found.skipped and not found.missed and not found.cancelled:
        return
    yield heading("statistics")
    if ran:
        yield fact("success", f"{100 * found.succeeded / ran:.3g} % of {plural(ran, 'run')}", _besides(found))
    elif _besides(found):
        yield fact("runs", _besides(found))
    if found.p50_ms is not None:
        told = f"{human_duration(found.p50_ms)} usually"
        if found.p95_ms is not None:
            told += f", {human_duration(found.p95_ms)} or less in 95 of 100"
        yield fact("took", told, found.trend)
    if found.last_success is not None:
        yield fact("succeeded", viewer.both(found.last_success))
    if found.last_failure is not None:
        yield fact("failed", viewer.both(found.last_failure))


def _besides(found: Statistics) -> str:
    counts = (("cancelled", found.cancelled), ("skipped", found.skipped), ("missed", found.missed))
    return ", ".join(f"{count:,} {word}" for word, count in counts if count)


def _definition(definition: dict[str, Any], origin: str) -> Iterator[Text]:
    if not definition:
        return
    yield heading("definition", origin)
    widest = max(width(safe(key)) for key in definition)
    for key, value in definition.items():
        yield Text(f"  {pad(safe(key), widest)} = ").append(safe(msgspec.json.encode(value).decode()), FAINT)
