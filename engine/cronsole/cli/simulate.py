"""`cronsole simulate`: every verdict that a configuration would bring about in a window of time."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cronsole.cli import render
from cronsole.cli.config_path import find_config
from cronsole.clock import SystemClock
from cronsole.config.load import load
from cronsole.errors import ConfigError, CronsoleError
from cronsole.model.instant import DAY, Instant, Millis, to_datetime, to_iso
from cronsole.model.run import RunState
from cronsole.model.settings import Configuration
from cronsole.simulate import Entry, Happenings, record, simulate
from cronsole.simulate.events_file import check_names, load_happenings
from cronsole.simulate.happenings import ReloadAt
from cronsole.simulate.summary import Summary, Tally, summary_record
from cronsole.text import human_duration, pad, plural, safe
from cronsole.triggers.duration import is_duration, parse_duration
from cronsole.triggers.parse import parse_at

_WIDEST_ID = 32
_STYLES = {
    RunState.SUCCEEDED: None,
    RunState.FAILED: render.Style.BAD,
    RunState.TIMED_OUT: render.Style.BAD,
    RunState.LOST: render.Style.BAD,
    RunState.MISSED: render.Style.WARN,
    None: render.Style.FAINT,
}


def command(
    config: Annotated[Path | None, typer.Argument(metavar="CONFIG", help="The configuration.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="When to begin; now by default.")] = None,
    end: Annotated[
        str, typer.Option("--to", help="When to end, or for how long: a time, or a duration such as 30d.")
    ] = "1d",
    events: Annotated[
        Path | None, typer.Option("--events", help="What happens meanwhile; see docs/simulate.md.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON lines.")] = False,
) -> None:
    """Show what would fire, be skipped and be missed in a window of time, and why.

    Runs take no time and succeed unless the events say otherwise. Times without an offset are local in the
    zone of the configuration.
    """
    now = SystemClock().now()
    try:
        path = find_config(config)
        configuration = load(path, now=now, environ=os.environ)
        zone = configuration.settings.timezone
        start = now if begin is None else parse_at(begin, zone)
        until = start + parse_duration(end) if is_duration(end) else parse_at(end, zone)
        if until <= start:
            raise CronsoleError(f"--to {end} is not after --from {to_iso(start)}")
        happenings = _happenings(events, configuration)
    except CronsoleError as error:
        render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.BAD)
        raise SystemExit(2) from error
    _tell(configuration, happenings, start, until, as_json=as_json)


def _happenings(events: Path | None, configuration: Configuration) -> Happenings:
    if events is None:
        return Happenings()
    happenings = load_happenings(events, _read, configuration.settings.timezone)
    check_names(events, happenings, (schedule.id for schedule in configuration.schedules))
    return happenings


def _read(reload: ReloadAt) -> Configuration | None:
    try:
        return load(Path(reload.config), now=reload.at, environ=os.environ)
    except ConfigError as error:
        # A reload with faults is a happening like any other: the old set stays in force.
        render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.WARN)
        return None


def _tell(
    configuration: Configuration, happenings: Happenings, start: Instant, until: Instant, *, as_json: bool
) -> None:
    tally = Tally()
    width = max((len(schedule.id) for schedule in configuration.schedules), default=8)
    table = _Table(min(max(width, 8), _WIDEST_ID))
    if not as_json:
        table.head()
    for entry in simulate(
        configuration.schedules, configuration.settings, start=start, end=until, happenings=happenings
    ):
        tally.add(entry)
        if as_json:
            render.json_line(record(entry))
        else:
            table.row(entry)
    if as_json:
        render.json_line(summary_record(tally.summary()))
    else:
        _print_summary(tally.summary(), until - start)


class _Table:
    """Writes one line for each entry, as it comes."""

    def __init__(self, id_width: int) -> None:
        self._id_width = id_width

    def head(self) -> None:
        self._line("time", "schedule", "verdict", "slot", "reason", "cause", render.Style.STRONG)

    def row(self, entry: Entry) -> None:
        if entry.state is None:
            self._line(_time(entry.at), entry.schedule, "·", "", entry.detail, "", render.Style.FAINT)
            return
        verdict = entry.state.value + (f" #{entry.attempt}" if entry.attempt > 1 else "")
        cause = entry.cause.value if entry.cause else ""
        slot = "" if entry.slot is None else _time(entry.slot)
        self._line(
            _time(entry.at), entry.schedule, verdict, slot, _why(entry), cause, _STYLES.get(entry.state)
        )

    def _line(
        self,
        at: str,
        schedule: str,
        verdict: str,
        slot: str,
        why: str,
        cause: str,
        style: render.Style | None,
    ) -> None:
        cells = [
            pad(at, 19),
            pad(safe(schedule), self._id_width),
            pad(verdict, 13),
            pad(slot, 19),
            pad(cause, 8),
        ]
        render.out("  ".join([*cells, safe(why)]).rstrip(), style)


def _why(entry: Entry) -> str:
    told = [] if entry.reason is None else [entry.reason.value]
    if entry.detail:
        told.append(entry.detail)
    if entry.stands_for is not None and entry.stands_for.count > 1:
        slots = entry.stands_for
        told.append(f"{plural(slots.count, 'slot')} from {_time(slots.first)} to {_time(slots.last)}")
    if entry.start is not None and entry.end is not None and entry.end > entry.start:
        told.append(f"took {human_duration(entry.end - entry.start)}")
    if entry.retry_at is not None:
        told.append(f"again at {_time(entry.retry_at)}")
    return ", ".join(told)


def _time(at: Instant) -> str:
    return f"{to_datetime(at):%Y-%m-%d %H:%M:%S}"


def _print_summary(summary: Summary, window_ms: Millis) -> None:
    render.out("")
    counts = [f"{count:,} {state}" for state, count in summary.by_state]
    span = f"{window_ms / DAY:g} days" if window_ms > DAY else human_duration(window_ms)
    render.out(f"In {span}: {', '.join(counts) or 'nothing'}. Times are UTC.", render.Style.STRONG)
    if summary.by_reason:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.by_reason)
        render.out(f"Skipped: {reasons}.")
    if summary.missed_slots:
        render.out(f"Missed: {plural(summary.missed_slots, 'slot')}.")
    if summary.catchups or summary.retries:
        retries = plural(summary.retries, "retry", "retries")
        render.out(f"Made up for: {plural(summary.catchups, 'catch-up')}; {retries}.")
    if summary.worst_minute is not None:
        named = ", ".join(f"{safe(schedule)} ({count})" for schedule, count in summary.worst_schedules)
        starts = plural(summary.worst_starts, "run")
        verb = "starts" if summary.worst_starts == 1 else "start"
        render.out(f"Worst minute: {_time(summary.worst_minute)}, when {starts} {verb}: {named}.")
