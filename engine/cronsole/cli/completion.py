"""Completes the ids of schedules on the command line, from the engine, in the blink of an eye or not at all."""

import asyncio
from typing import TYPE_CHECKING, Any, Final

import typer

from cronsole.errors import CronsoleError

if TYPE_CHECKING:
    from cronsole.model.view import Page, ScheduleView

_PATIENCE_SECONDS: Final = 0.8
_OFFERED: Final = 200


def complete_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Return ids that begin with a word, each with its description; none where no engine answers at once."""
    try:
        page = asyncio.run(_page(context.params, incomplete))
    except (CronsoleError, OSError, TimeoutError):
        # Nobody who presses tab wants to read an error in the midst of a line.
        return []
    taken = set(context.params.get("ids") or ())
    found = [view for view in page.items if view.id.startswith(incomplete) and view.id not in taken]
    return sorted((view.id, view.description or view.when) for view in found)


async def _page(params: dict[str, Any], incomplete: str) -> "Page[ScheduleView]":
    from cronsole.cli.connection import reach
    from cronsole.model.ask import ScheduleQuery

    words = (incomplete,) if incomplete else ()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        async with reach(params.get("engine"), params.get("token_file")) as client:
            return await client.schedules(ScheduleQuery(words=words, limit=_OFFERED))
