"""Opens the view on running engines: the console where it can be, else the list that updates in place."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, NamedTuple, TypeAlias

import typer

from cronsole.cli import render
from cronsole.cli.connection import misuse, token_of
from cronsole.cli.viewer import viewer_zone
from cronsole.errors import CronsoleError

_PARTS: Final = ("cronsole_tui", "textual")

Show: TypeAlias = Callable[[Sequence[str], Path | None], None]
"""Shows the engines at some targets until the person has seen enough."""


def complete_themes(incomplete: str) -> list[str]:
    """Return the console's own themes that begin with a word; those that Textual brings take long to be known."""
    if find_spec(_PARTS[0]) is None:
        return []
    from cronsole_tui.preferences import THEME_NAMES

    return [name for name in THEME_NAMES if name.startswith(incomplete)]


ReadOnlyOption: TypeAlias = Annotated[
    bool, typer.Option("--read-only", help="Turn off every key of the console that changes something.")
]
ThemeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The console's colours: dark, light, high-contrast, ansi, or a theme of Textual; by default what the"
        " preferences say, else what suits the terminal.",
        autocompletion=complete_themes,
    ),
]
AsciiOption: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--ascii/--no-ascii",
        help="Draw the console with ASCII alone, or with glyphs; by default what the preferences say, else what the"
        " locale can show.",
    ),
]


class Wishes(NamedTuple):
    """How the console is to be; what is None is for the preferences to say."""

    is_read_only: bool = False
    theme: str | None = None
    ascii_only: bool | None = None


def has_screen() -> bool:
    """Return whether somebody watches, on a terminal that can be drawn on."""
    is_seen = render.is_on_terminal() and sys.stdin is not None and sys.stdin.isatty()
    return is_seen and os.environ.get("TERM", "dumb") != "dumb"


def ready_view(wishes: Wishes) -> Show:
    """Return what shows engines; a ConfigError tells before any is started which wish cannot be met."""
    if not has_screen():
        return _show_list
    missing = [name for name in _PARTS if find_spec(name) is None]
    if missing:
        _tell_list(f"{' and '.join(missing)} is not installed")
        return _show_list
    try:
        from cronsole_tui.opening import open_console, prepare

        prepare(wishes.theme)
    except CronsoleError:
        raise
    except Exception as error:  # noqa: BLE001 # what breaks in a library at its import may be anything
        _tell_list(f"{type(error).__name__}: {error}")
        return _show_list

    def show(targets: Sequence[str], token_file: Path | None) -> None:
        open_console(
            targets,
            token=token_of(token_file, os.environ),
            timezone=viewer_zone(),
            is_read_only=wishes.is_read_only,
            theme=wishes.theme,
            ascii_only=wishes.ascii_only,
        )

    return show


def _tell_list(why: str) -> None:
    from cronsole.text import safe

    render.err(
        f"cronsole: the console cannot be loaded ({safe(why)}), and the list stands in for it; "
        "`pip install --force-reinstall cronsole` mends that",
        render.Style.WARN,
    )


def _show_list(targets: Sequence[str], token_file: Path | None) -> None:
    if len(targets) > 1:
        misuse(
            "one engine at a time: several are shown by the console, which needs a terminal that is not dumb"
        )
    from cronsole.cli import watch

    watch.command(engine=targets[0], token_file=token_file)
