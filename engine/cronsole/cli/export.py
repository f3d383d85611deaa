"""`cronsole export`: the schedules in force, as configuration that reads back as them."""

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cronsole.cli import render
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import EngineOption, TokenFileOption, speak
from cronsole.cli.crontab_export import export_crontab
from cronsole.cli.viewer import viewer_zone
from cronsole.config.toml_entry import as_toml
from cronsole.model.ask import ScheduleQuery
from cronsole.model.view import ScheduleDetail
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient


_AT_ONCE: Final = 16


class Format(StrEnum):
    TOML = "toml"
    JSON = "json"
    CRONTAB = "crontab"


def command(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID…", help="The schedules; all by default.", autocompletion=complete_ids),
    ] = None,
    shape: Annotated[Format, typer.Option("--format", help="toml, json or crontab.")] = Format.TOML,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Write the schedules in force as configuration, wherever they come from.

    What [defaults] gave a schedule stands in its entry, and references to secrets stay references. JSON is one
    definition a line. A crontab holds what cron can say; the rest is told, and stays as a comment.
    """
    details = speak(engine, token_file, lambda client: _details(client, ids or []))
    definitions = [detail.definition for detail in details]
    if as_json or shape is Format.JSON:
        for definition in definitions:
            render.json_line(definition)
    elif shape is Format.TOML:
        render.out("\n".join(_entry(detail) for detail in details).rstrip("\n"))
    else:
        _print_crontab(definitions)


async def _details(client: "EngineClient", ids: list[str]) -> list[ScheduleDetail]:
    if not ids:
        from cronsole.cli.list import every_schedule

        ids = sorted(view.id for view in await every_schedule(client, ScheduleQuery()))
    room = asyncio.Semaphore(_AT_ONCE)

    async def ask(schedule_id: str) -> ScheduleDetail:
        async with room:
            return await client.schedule(schedule_id)

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(schedule_id), name=f"export {schedule_id}") for schedule_id in ids]
    return [each.result() for each in asked]


def _entry(detail: ScheduleDetail) -> str:
    origin = f"# from {safe(detail.schedule.origin)}\n" if detail.schedule.origin else ""
    return f"{origin}{as_toml(detail.definition)}"


def _print_crontab(definitions: list[dict[str, Any]]) -> None:
    exported = export_crontab(list(definitions), timezone=viewer_zone())
    for told in exported.told:
        render.err(f"warning: {safe(told)}", render.Style.WARN)
    render.out(safe(exported.text.rstrip("\n"), keeps_breaks=True))
