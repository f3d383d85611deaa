"""Completes the names of schedules and plugins on the command line, from the engine, in the blink of an eye or not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import typer

from cronsole.errors import CronsoleError

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

Offers = list[tuple[str, str]]
"""Words, each with a line that says what it stands for."""

_PATIENCE_SECONDS: Final = 0.8
_OFFERED: Final = 200


def complete_ids(context: typer.Context, incomplete: str) -> Offers:
    """Return ids of schedules that begin with a word, each with its description."""

    async def ask(client: "EngineClient") -> Iterable[tuple[str, str]]:
        from cronsole.model.ask import ScheduleQuery

        words = (incomplete,) if incomplete else ()
        page = await client.schedules(ScheduleQuery(words=words, limit=_OFFERED))
        return ((view.id, view.description or view.when) for view in page.items)

    taken = set(context.params.get("ids") or ())
    return [offer for offer in _offers(context.params, incomplete, ask) if offer[0] not in taken]


def complete_plugins(context: typer.Context, incomplete: str) -> Offers:
    """Return names of plugins that begin with a word, each with how it stands."""

    async def ask(client: "EngineClient") -> Iterable[tuple[str, str]]:
        return ((view.name, view.status.value) for view in await client.plugins.list())

    return _offers(context.params, incomplete, ask)


def complete_commands(context: typer.Context, incomplete: str) -> Offers:
    """Return the commands of the plugin on the line that begin with a word, each with its description."""
    name = context.params.get("name")

    async def ask(client: "EngineClient") -> Iterable[tuple[str, str]]:
        commands = (await client.plugins.show(name)).commands if name else ()
        return ((command.name, command.description) for command in commands)

    return _offers(context.params, incomplete, ask)


def _offers(
    params: dict[str, Any],
    incomplete: str,
    ask: Callable[["EngineClient"], Awaitable[Iterable[tuple[str, str]]]],
) -> Offers:
    """Return what begins with a word of what the engine answers; nothing where none answers at once."""
    try:
        found = asyncio.run(_answer(params, ask))
    except (CronsoleError, OSError, TimeoutError):
        # Nobody who presses tab wants to read an error in the midst of a line.
        return []
    return sorted(offer for offer in found if offer[0].startswith(incomplete))


async def _answer(
    params: dict[str, Any], ask: Callable[["EngineClient"], Awaitable[Iterable[tuple[str, str]]]]
) -> Iterable[tuple[str, str]]:
    from cronsole.cli.connection import reach

    async with asyncio.timeout(_PATIENCE_SECONDS):
        async with reach(params.get("engine"), params.get("token_file")) as client:
            return await ask(client)
