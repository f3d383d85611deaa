"""The door of the command line: it answers --version at once and loads a verb only when it is asked for."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import cronsole
from cronsole.cli import render

if TYPE_CHECKING:
    import typer

VERBS = {
    "engine": "Run the engine, without a screen.",
    "next": "Say when an expression fires next.",
    "check": "Check a configuration and show all of its faults.",
    "simulate": "Show what would fire in a window of time.",
}
"""Each verb with its line in the help; its code is the function `command` in the module of its name."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 when it is done, 1 when the answer is no, 2 when it was called wrongly."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        if args in (["--version"], ["-V"]):
            _print_version()
        else:
            _run(args)
    finally:
        render.flush()


def _run(args: list[str]) -> None:
    from cronsole.errors import CronsoleError

    try:
        _application(_words(args))(args, prog_name="cronsole")
    except CronsoleError as error:
        render.err(f"cronsole: {error}", render.Style.BAD)
        raise SystemExit(1) from error


def _words(args: list[str]) -> set[str]:
    """Return all words that may name a verb, those of a line that the shell asks us to complete included."""
    completing = (os.environ.get(name, "").split() for name in ("_TYPER_COMPLETE_ARGS", "COMP_WORDS"))
    return {*args, *(word for words in completing for word in words)}


def _application(words: set[str]) -> "typer.Typer":
    """Return the application, with code behind the verbs that occur in the words and stubs for the rest."""
    import typer

    app = typer.Typer(
        help="The scheduler you can watch.",
        no_args_is_help=True,
        rich_markup_mode=None,  # markup loads rich, a third of the time that `next` may take
        pretty_exceptions_enable=False,  # a traceback that shows local values would show secrets
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        version: Annotated[
            bool,
            typer.Option("--version", "-V", is_eager=True, callback=_show_version, help="Show the version."),
        ] = False,
    ) -> None:
        del version  # answered by its callback, before any verb

    for verb, summary in VERBS.items():
        app.command(verb, short_help=summary)(_load(verb) if verb in words else _stub)
    return app


def _load(verb: str) -> Callable[..., None]:
    from cronsole.errors import CronsoleError

    try:
        module = import_module(f"cronsole.cli.{verb}")
    except ModuleNotFoundError as error:
        raise CronsoleError(f"{verb} needs the module {error.name}, which is not installed") from error
    command: Callable[..., None] = module.command
    return command


def _stub() -> None:
    """Stand for a verb that was not asked for."""


def _show_version(asked: bool) -> None:
    if asked:
        _print_version()
        raise SystemExit(0)


def _print_version() -> None:
    render.out(f"cronsole {cronsole.__version__}")
