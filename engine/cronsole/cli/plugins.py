"""`cronsole plugins`: how the plugins of an engine stand, and what can be asked of them."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.awaiting import Awaited, FollowOption, WaitOption
from cronsole.cli.completion import complete_commands, complete_plugins
from cronsole.cli.connection import SAYS_NO, EngineOption, JsonOption, TokenFileOption, misuse, speak
from cronsole.cli.payload import KeyOption, PayloadOption, read_payload
from cronsole.model.plugin import CircuitsView, HealthView, PluginDetail, PluginStatus, PluginView
from cronsole.text import safe


class Deed(StrEnum):
    LIST = "list"
    SHOW = "show"
    HEALTH = "health"
    RELOAD = "reload"
    RESET = "reset"
    CALL = "call"


_TAKES_COMMAND: Final = frozenset({Deed.RESET, Deed.CALL})


def _complete_name(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return [] if str(context.params.get("deed")) == Deed.LIST else complete_plugins(context, incomplete)


def _complete_command(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    takes_one = str(context.params.get("deed")) in {deed.value for deed in _TAKES_COMMAND}
    return complete_commands(context, incomplete) if takes_one else []


class Asked(msgspec.Struct, frozen=True):
    """Which plugin is meant, which of its commands if any, and how the engine is reached."""

    name: str
    call: str | None
    as_json: bool
    engine: str | None
    token_file: Path | None

    def speak(self, talk: Callable[[Any], Any]) -> Any:
        return speak(self.engine, self.token_file, talk)


def command(
    deed: Annotated[
        Deed, typer.Argument(metavar="list|show|health|reload|reset|call", help="What to do.")
    ] = Deed.LIST,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The plugin.", autocompletion=_complete_name),
    ] = None,
    call: Annotated[
        str | None,
        typer.Argument(
            metavar="COMMAND",
            help="With call the command, with reset the one whose circuit is meant; else all.",
            autocompletion=_complete_command,
        ),
    ] = None,
    payload: PayloadOption = None,
    waits: WaitOption = False,
    follows: FollowOption = False,
    key: KeyOption = "",
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the plugins, those that failed first; show one, ask for its health, reload it, or call a command of it.

    `health` exits with 1 where the plugin is not well, `reload` where it is not loaded afterwards. `reset` closes
    circuits, so that what failed too often is called again at its next slot. `call` starts a run by hand, and exits
    as `cronsole trigger` does; --payload, --wait, --follow and --key go with it. --json answers with a list of
    PluginView, and else with a PluginDetail, HealthView, PluginView, CircuitsView or RunView.
    """
    if deed is not Deed.CALL and (payload is not None or waits or follows or key):
        misuse("--payload, --wait, --follow and --key go with `cronsole plugins call`")
    if deed is Deed.LIST:
        if name is not None:
            misuse(f"`cronsole plugins list` takes no name; `cronsole plugins show {name}` shows one")
        _list(engine, token_file, as_json=as_json)
        return
    if name is None:
        misuse(f"say which: `cronsole plugins {deed} NAME`")
    if call is not None and deed not in _TAKES_COMMAND:
        misuse(f"`cronsole plugins {deed}` takes no command; {call!r} goes with call or reset")
    asked = Asked(name, call, as_json, engine, token_file)
    if deed is Deed.CALL:
        _call(asked, payload, Awaited(waits=waits, follows=follows, as_json=as_json), key)
    else:
        _DOES[deed](asked)


def _list(engine: str | None, token_file: Path | None, *, as_json: bool) -> None:
    views: tuple[PluginView, ...] = speak(engine, token_file, lambda client: client.plugins.list())
    if as_json:
        render.json_line(views)
        return
    if not views:
        render.err(
            "there are no plugins; name one in [plugins.NAME] or plugin_roots, as docs/plugins.md shows"
        )
        return
    from cronsole.cli.plugin_rows import ordered, plugin_table, reasons, summary

    found = ordered(views)
    has_glyphs = render.has_glyphs()
    render.show(plugin_table(found, has_glyphs=has_glyphs))
    for line in reasons(found, has_glyphs=has_glyphs):
        render.show(line)
    if render.is_on_terminal():
        render.out(summary(found), render.Style.FAINT)


def _show(asked: Asked) -> None:
    detail: PluginDetail = asked.speak(lambda client: client.plugins.show(asked.name))
    if asked.as_json:
        render.json_line(detail)
        return
    from cronsole.cli.plugin_page import plugin_page
    from cronsole.cli.times import Viewer

    for line in plugin_page(detail, Viewer.here(), has_glyphs=render.has_glyphs()):
        render.show(line)


def _health(asked: Asked) -> None:
    view: HealthView = asked.speak(lambda client: client.plugins.health(asked.name))
    if asked.as_json:
        render.json_line(view)
    else:
        told = f"{asked.name} is {'well' if view.is_well else 'not well'}"
        style = render.Style.GOOD if view.is_well else render.Style.BAD
        render.out(safe(f"{told}: {view.detail}" if view.detail else told), style)
    if not view.is_well:
        raise SystemExit(SAYS_NO)


def _reload(asked: Asked) -> None:
    view: PluginView = asked.speak(lambda client: client.plugins.reload(asked.name))
    is_loaded = view.status is PluginStatus.LOADED
    if asked.as_json:
        render.json_line(view)
    else:
        from cronsole.cli.plugin_rows import sentence_of

        told = safe(sentence_of(view), keeps_breaks=True)
        render.out(told, render.Style.GOOD if is_loaded else render.Style.BAD)
    if not is_loaded:
        raise SystemExit(SAYS_NO)


def _reset(asked: Asked) -> None:
    closed: tuple[str, ...] = asked.speak(lambda client: client.plugins.reset(asked.name, asked.call))
    if asked.as_json:
        render.json_line(CircuitsView(commands=closed))
    elif closed:
        render.out(safe(f"closed the circuit of {asked.name}: {', '.join(closed)}"), render.Style.GOOD)
    else:
        which = asked.name if asked.call is None else f"{asked.name} {asked.call}"
        render.out(safe(f"no circuit of {which} was open"))


def _call(asked: Asked, payload: str | None, awaited: Awaited, key: str) -> None:
    if asked.call is None:
        misuse(f"say what to call: `cronsole plugins call {asked.name} COMMAND`")
    verb, value = asked.call, read_payload(payload)

    async def talk(client: Any) -> int:
        run = await client.plugins.call(asked.name, verb, value, idempotency_key=key)
        return await awaited.see(client, run)

    raise SystemExit(asked.speak(talk))


_DOES: Final[dict[Deed, Callable[[Asked], None]]] = {
    Deed.SHOW: _show,
    Deed.HEALTH: _health,
    Deed.RELOAD: _reload,
    Deed.RESET: _reset,
}
