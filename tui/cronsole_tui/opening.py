"""Opens the console on engines; the one door by which the command line comes in."""

import asyncio
import gc
import getpass
import os
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from cronsole.client.engine import EngineClient
from cronsole.errors import ConfigError, nearest
from cronsole.text import safe
from cronsole_tui.clock import SystemClock
from cronsole_tui.keymap import remapped
from cronsole_tui.preferences import THEME_NAMES, Preferences, preferences_path, read_preferences
from cronsole_tui.scene import Scene
from cronsole_tui.widgets.terminal import is_unicode, textual_environ

if TYPE_CHECKING:
    from cronsole_tui.app import Console

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def open_console(
    targets: Sequence[str],
    *,
    token: str | None = None,
    timezone: str = "UTC",
    is_read_only: bool = False,
    theme: str | None = None,
    ascii_only: bool | None = None,
) -> None:
    """Show engines until the person has seen enough; what the options leave open, the preferences say.

    SystemExit says by its code that a signal ended it, or a fault of its own.
    """
    # While all of it is loaded, the collector would walk through what stays, again and again.
    gc.disable()
    preferences = prepare(theme)
    if ascii_only is None:
        ascii_only = preferences.ascii if preferences.ascii is not None else not is_unicode(os.environ)
    scene = Scene(
        clock=SystemClock(),
        zone=ZoneInfo(timezone),
        actions=remapped(preferences.keys),
        ascii_only=ascii_only,
        is_read_only=is_read_only,
        rings=preferences.bell,
    )
    asyncio.run(_show(targets, token, scene, preferences.theme or THEME_NAMES[0]))


def prepare(theme: str | None = None) -> Preferences:
    """Load all that the console is made of, and return how it is to look.

    ConfigError tells what of the preferences cannot be met; where Textual is missing or broken, its own error does.
    """
    path = preferences_path(os.environ)
    preferences = read_preferences(path)
    try:
        remapped(preferences.keys)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from error
    # Textual reads these when it is imported.
    os.environ.update(textual_environ(os.environ))
    from textual.theme import BUILTIN_THEMES

    from cronsole_tui.themes import default_theme

    import_module("cronsole_tui.app")
    chosen = theme or preferences.theme or default_theme(os.environ)
    known = (*THEME_NAMES, *BUILTIN_THEMES)
    if chosen not in known:
        near = nearest(chosen, known)
        hint = f"; did you mean {near!r}?" if near else ""
        where = "" if theme else f"{path}: "
        raise ConfigError([f"{where}no theme is called {chosen!r}{hint} Ours are {', '.join(THEME_NAMES)}"])
    return msgspec.structs.replace(preferences, theme=chosen)


async def _show(targets: Sequence[str], token: str | None, scene: Scene, theme: str) -> None:
    from cronsole_tui.app import Console

    async with AsyncExitStack() as stack:
        clients: dict[str, EngineClient] = {}
        for target in targets:
            client = await stack.enter_async_context(EngineClient.at(target, token=token))
            clients[name_of(client.target, clients)] = client
        await _run(Console(scene, clients, theme=theme))


async def _run(app: "Console") -> None:
    """Give the terminal back however it ends: by a key, by a signal, by a fault, which is told in plain text."""
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, partial(app.exit, return_code=128 + number))
    await app.run_async()
    if app.fault is not None:
        told = "".join(traceback.format_exception(app.fault))
        sys.stderr.write(
            f"{safe(told, keeps_breaks=True)}The console has failed; the engine knows nothing of it.\n"
        )
    if app.return_code:
        raise SystemExit(app.return_code)


def name_of(target: str, taken: Sequence[str] | dict[str, EngineClient]) -> str:
    """Return what a host is called in the table: user and machine, or what of the address tells it apart."""
    scheme = target.partition(":")[0]
    if scheme in ("ssh", "http", "https"):
        name = urlsplit(target).netloc
    else:
        name = f"{getpass.getuser()}@{socket.gethostname()}"
    if name in taken:
        path = target.removeprefix("unix:")
        # The folder that a socket lies in is what people call an engine by; no column has room for all of the path.
        folder = f"{name} {os.path.basename(os.path.dirname(path))}"
        name = f"{name} {path}" if folder in taken else folder
    number = 2
    while name in taken:
        name, number = f"{name} {number}", number + 1
    return name
