"""Opens the view on running engines: the console where it is installed, else the list that updates in place."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from cronsole.cli import render
from cronsole.cli.connection import misuse, token_of
from cronsole.cli.viewer import viewer_zone

_CONSOLE: Final = ("cronsole_tui", "textual")


def has_console() -> bool:
    """Return whether the console is installed, and this terminal one that it can draw on."""
    is_seen = render.is_on_terminal() and sys.stdin is not None and sys.stdin.isatty()
    can_draw = os.environ.get("TERM", "dumb") != "dumb"
    return is_seen and can_draw and all(find_spec(name) is not None for name in _CONSOLE)


def open_view(targets: Sequence[str], token_file: Path | None = None) -> None:
    """Show engines until the person has seen enough."""
    if has_console():
        from cronsole_tui.opening import open_console

        open_console(targets, token=token_of(token_file, os.environ), timezone=viewer_zone())
        return
    if len(targets) > 1:
        misuse(
            "one engine at a time: several are shown by the console, which needs a terminal that is not dumb"
        )
    from cronsole.cli import watch

    watch.command(engine=targets[0], token_file=token_file)
