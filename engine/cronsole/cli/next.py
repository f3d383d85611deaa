"""`cronsole next`: when an expression or a schedule fires next, for people, and in bulk for programs."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Final, cast
from zoneinfo import ZoneInfo

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, TokenFileOption
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError, TriggerError, UnknownSchedule, nearest
from cronsole.model.instant import SECOND, Instant, to_datetime, to_iso
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import CronSpec, DstPolicy, Timeless, TriggerSpec
from cronsole.text import safe, until
from cronsole.triggers.base import Trigger
from cronsole.triggers.compile import compile_trigger
from cronsole.triggers.cron_hash import has_hash
from cronsole.triggers.describe import describe
from cronsole.triggers.parse import parse_at, parse_trigger

DEFAULT_COUNT: Final = 10
MOST_FIRES: Final = 1_000_000
"""What one line of a batch may answer; more is refused, never cut off."""
LONGEST_LINE: Final = 65_536


class Asked(msgspec.Struct, frozen=True):
    """A question, whole: what fires, where, and from when on."""

    spec: TriggerSpec
    name: str
    timezone: str
    dst: DstPolicy
    after: Instant
    schedule_id: str
    jitter_ms: int = 0
    start: Instant | None = None
    end: Instant | None = None

    def trigger(self) -> Trigger:
        return compile_trigger(
            self.spec,
            schedule_id=self.schedule_id,
            timezone=self.timezone,
            dst=self.dst,
            anchor_at=self.after,
        )


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a batch; `after` is exclusive and `until` inclusive."""

    expr: str
    tz: str = "UTC"
    after: str | None = None
    until: str | None = None
    dst: DstPolicy = DstPolicy.CRON
    count: Annotated[int, msgspec.Meta(ge=0, le=MOST_FIRES)] | None = None
    id: str | None = None


def command(
    expression: Annotated[
        str | None, typer.Argument(metavar="EXPR|ID", help="An expression, or the id of a schedule.")
    ] = None,
    timezone: Annotated[str | None, typer.Option("--tz", help="The zone; UTC by default.")] = None,
    after: Annotated[str | None, typer.Option(help="Ask from this time on, instead of now.")] = None,
    count: Annotated[int, typer.Option(min=1, max=MOST_FIRES, help="How many fires.")] = DEFAULT_COUNT,
    dst: Annotated[DstPolicy | None, typer.Option(help="What counts where local time jumps.")] = None,
    config: Annotated[Path | None, typer.Option(help="The configuration that knows the id.")] = None,
    schedule_id: Annotated[
        str | None, typer.Option("--id", help="The id that an H in the expression is hashed from.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Read JSON lines (expr, tz, after, until, dst, count, id).")
    ] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
) -> None:
    """Say when an expression fires next, or a schedule of a running engine or of a configuration.

    An interval without a start is counted from the time asked from. With --config, --tz or --dst the configuration is
    asked, and no engine.
    """
    now = SystemClock().now()
    if batch:
        _answer_batch(cast(BufferedReader, sys.stdin.buffer), now)
        return
    try:
        if expression is None:
            raise TriggerError("next needs an expression such as '*/5 * * * *', an id, or --batch")
        if (config, timezone, dst, schedule_id) == (None, None, None, None) and _may_be_an_id(expression):
            from cronsole.cli.next_of_engine import tell_next

            if tell_next(expression, after, count, engine, token_file, as_json=as_json):
                return
        asked = _asked(expression, timezone, dst, config, schedule_id, now)
        if after is not None:
            asked = msgspec.structs.replace(asked, after=parse_at(after, asked.timezone))
        fires = _fires_asked(asked, count)
    except CronsoleError as error:
        render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.BAD)
        raise SystemExit(2) from error
    _print_json(asked, fires) if as_json else _print_table(asked, fires, now)
    if not fires and not isinstance(asked.spec, Timeless):
        raise SystemExit(1)


def _may_be_an_id(word: str) -> bool:
    """Return whether a word is no expression; no id that people write holds a blank or begins with @."""
    try:
        parse_trigger(word)
    except TriggerError:
        return len(word.split()) == 1 and not word.startswith("@")
    return False


def _fires_asked(asked: Asked, count: int) -> list[Instant]:
    since = asked.after if asked.start is None else max(asked.after, asked.start - 1)
    return list(_fires(asked.trigger(), since, asked.end, count))


def _asked(
    word: str,
    timezone: str | None,
    dst: DstPolicy | None,
    config: Path | None,
    schedule_id: str | None,
    now: Instant,
) -> Asked:
    """Return the question about an expression, else about the schedule that has the word as its id."""
    try:
        spec = parse_trigger(word)
    except TriggerError:
        if config is None and not _may_be_an_id(word):
            raise
        return _of_schedule(_find_schedule(word, config, now), timezone, dst, now)
    if isinstance(spec, CronSpec) and has_hash(spec.expression) and schedule_id is None:
        raise TriggerError(f"H in {word!r} is hashed from the id of its schedule: give one with --id")
    return Asked(spec, word, timezone or "UTC", dst or DstPolicy.CRON, now, schedule_id or "")


def _of_schedule(schedule: Schedule, timezone: str | None, dst: DstPolicy | None, now: Instant) -> Asked:
    return Asked(
        spec=schedule.trigger,
        name=schedule.id,
        timezone=timezone or schedule.timezone,
        dst=dst or schedule.dst,
        after=now,
        schedule_id=schedule.id,
        jitter_ms=schedule.policy.jitter_ms,
        start=schedule.start,
        end=schedule.end,
    )


def _find_schedule(schedule_id: str, config: Path | None, now: Instant) -> Schedule:
    from cronsole.cli.config_path import find_config
    from cronsole.config.load import load
    from cronsole.errors import ConfigError

    try:
        path = find_config(config)
    except ConfigError as error:
        raise UnknownSchedule(f"{schedule_id!r} is no expression; as an id: {error}") from error
    known = {schedule.id: schedule for schedule in load(path, now=now, environ=os.environ).schedules}
    if schedule_id not in known:
        meant = nearest(schedule_id, known)
        hint = f"; did you mean {meant!r}?" if meant else ""
        raise UnknownSchedule(f"{schedule_id!r} is no expression, and no schedule in {path}{hint}")
    return known[schedule_id]


def _fires(trigger: Trigger, after: Instant, last: Instant | None, count: int) -> Iterator[Instant]:
    fire = trigger.next(after)
    for _ in range(count):
        if fire is None or (last is not None and fire > last):
            return
        yield fire
        fire = trigger.next(fire)


def _print_json(asked: Asked, fires: list[Instant]) -> None:
    render.json_line(
        {
            "name": asked.name,
            "timezone": asked.timezone,
            "dst": asked.dst,
            "description": _description(asked),
            "fires": [to_iso(fire) for fire in fires],
        }
    )


def _print_table(asked: Asked, fires: list[Instant], now: Instant) -> None:
    name = "" if asked.name == asked.schedule_id == "" else f"{asked.name}: "
    render.out(safe(f"{name}{_description(asked)} ({asked.timezone})"), render.Style.STRONG)
    if not fires:
        if not isinstance(asked.spec, Timeless):
            render.out(f"  never after {to_iso(asked.after)}")
        return
    zone, has_seconds = ZoneInfo(asked.timezone), any(fire % (60 * SECOND) for fire in fires)
    rows = [(_local(fire, zone, has_seconds), to_iso(fire), until(fire, now)) for fire in fires]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for local, utc, relative in rows:
        render.out(f"  {local:<{widths[0]}}  {utc:<{widths[1]}}  {relative}")


def _description(asked: Asked) -> str:
    return describe(asked.spec, asked.jitter_ms, schedule_id=asked.schedule_id)


def _local(fire: Instant, zone: ZoneInfo, has_seconds: bool) -> str:
    moment: datetime = to_datetime(fire).astimezone(zone)
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z}" if has_seconds else f"{moment:%a %Y-%m-%d %H:%M %Z}"


def _answer_batch(stream: BufferedReader, now: Instant) -> None:
    decoder = msgspec.json.Decoder(Line)
    rest = b""
    while chunk := stream.read1(LONGEST_LINE):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _answer_line(line, decoder, now)
        # Of a line that is too long only so much is kept as shows that it is.
        rest = rest[: LONGEST_LINE + 1]
        # A program may wait for these answers before it asks for more.
        render.flush()
    _answer_line(rest, decoder, now)


def _answer_line(line: bytes, decoder: msgspec.json.Decoder[Line], now: Instant) -> None:
    if len(line) > LONGEST_LINE:
        render.json_line({"error": f"a line is longer than {LONGEST_LINE} bytes"})
    elif line.strip():
        render.json_line(_answer(line, decoder, now))


def _answer(line: bytes, decoder: msgspec.json.Decoder[Line], now: Instant) -> dict[str, object]:
    try:
        asked = decoder.decode(line)
        return {"fires": [to_iso(fire) for fire in _fires_of(asked, now)]}
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return {"error": f"not a question: {error}"}
    except CronsoleError as error:
        return {"error": str(error)}


def _fires_of(line: Line, now: Instant) -> Iterator[Instant]:
    after = now if line.after is None else parse_at(line.after, line.tz)
    last = None if line.until is None else parse_at(line.until, line.tz)
    spec = parse_trigger(line.expr)
    if isinstance(spec, CronSpec) and has_hash(spec.expression) and line.id is None:
        raise TriggerError(f"H in {line.expr!r} is hashed from the id of its schedule: give it as id")
    trigger = compile_trigger(
        spec, schedule_id=line.id or "", timezone=line.tz, dst=line.dst, anchor_at=after
    )
    count = line.count
    if count is None:
        count = DEFAULT_COUNT if last is None else MOST_FIRES
        if last is not None and (found := trigger.count(after, last)) > MOST_FIRES:
            raise TriggerError(f"{found} fires are more than {MOST_FIRES}: narrow the range, or give a count")
    return _fires(trigger, after, last, count)
