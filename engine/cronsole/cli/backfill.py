"""`cronsole backfill`: run every slot of a stretch of time, be it long gone."""

import shlex
import sys
from typing import Annotated

import msgspec
import typer

from cronsole.cli import asking, render
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.effect import DryRunOption, YesOption
from cronsole.cli.times import Viewer
from cronsole.cli.viewer import UtcOption, viewer_zone
from cronsole.clock import SystemClock
from cronsole.errors import CronsoleError
from cronsole.model.ask import BackfillAsk
from cronsole.model.instant import to_datetime, to_iso
from cronsole.model.prospect import BackfillView
from cronsole.text import plural, safe
from cronsole.triggers.moments import Toward, parse_moment


def command(
    schedule_id: Annotated[
        str, typer.Argument(metavar="ID", help="The schedule.", autocompletion=complete_ids)
    ],
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="TIME", help="The first slot: 06:00, yesterday 06:00, -2d, ISO 8601."
        ),
    ],
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="The last slot; now by default.")
    ] = "now",
    is_utc: UtcOption = False,
    is_agreed: YesOption = False,
    is_dry: DryRunOption = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run every slot from one time to another, both inclusive, oldest first.

    It first says how many that are, and asks where there is more than one. --json answers with a BackfillView.
    """
    ask = _ask(since, until, is_utc)
    preview = msgspec.structs.replace(ask, preview=True)
    if is_dry:
        _tell(speak(engine, token_file, lambda client: client.backfill(schedule_id, preview)), as_json)
        return
    if not is_agreed:
        _agree(speak(engine, token_file, lambda client: client.backfill(schedule_id, preview)))
    _tell(speak(engine, token_file, lambda client: client.backfill(schedule_id, ask)), as_json)


def _ask(since: str, until: str, is_utc: bool) -> BackfillAsk:
    now, zone = SystemClock().now(), viewer_zone(is_utc=is_utc)
    try:
        first = parse_moment(since, now=now, timezone=zone, toward=Toward.PAST)
        last = parse_moment(until, now=now, timezone=zone, toward=Toward.PAST)
    except CronsoleError as error:
        misuse(str(error))
    if last < first:
        misuse(f"--until {to_iso(last)} lies before --since {to_iso(first)}")
    return BackfillAsk(since=to_datetime(first), until=to_datetime(last))


def _agree(view: BackfillView) -> None:
    if view.slots <= 1:
        return
    told = _sentence(view)
    render.err(told, render.Style.WARN)
    if not asking.can_ask():
        again = shlex.join(["cronsole", *sys.argv[1:], "--yes"])
        misuse(f"to start {plural(view.slots, 'run')} without being asked, say so: {again}")
    if not asking.ask(f"run {plural(view.slots, 'slot')} of {safe(view.schedule_id)}?"):
        render.err("nothing was started")
        raise SystemExit(1)


def _tell(view: BackfillView, as_json: bool) -> None:
    if as_json:
        render.json_line(view)
        return
    render.out(_sentence(view), render.Style.STRONG)
    for run_id in view.run_ids:
        render.out(f"  {run_id}")


def _sentence(view: BackfillView) -> str:
    name = safe(view.schedule_id)
    if view.first is None or view.last is None:
        return f"{name} has no slot in that time"
    viewer = Viewer.here()
    word = "would run" if view.is_preview else "runs"
    stretch = viewer.stamp(view.first)
    if view.slots > 1:
        stretch = f"from {stretch} to {viewer.stamp(view.last)}"
    return f"{name} {word} {plural(view.slots, 'slot')}: {stretch}"
