"""The door of the command line: it answers --version at once and loads a verb only when it is asked for."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import cronsole
from cronsole.cli import render

if TYPE_CHECKING:
    import typer

VERBS = {
    "run": "Watch an engine; start it if need be.",
    "attach": "Watch engines that run already.",
    "init": "Write a configuration to start from.",
    "engine": "Run the engine, without a screen.",
    "next": "Say when an expression fires next.",
    "check": "Check a configuration and show all of its faults.",
    "simulate": "Show what would fire in a window of time.",
    "list": "List the schedules, the most urgent first.",
    "watch": "Show the schedules as they change.",
    "show": "Show everything about one schedule.",
    "why": "Say why a slot ran, or why not.",
    "runs": "Show what ran, newest first.",
    "log": "Show the output of a run.",
    "events": "Show what happened, and what happens.",
    "timeline": "Show when schedules fire in the hours ahead.",
    "plan": "Show what a reload would change.",
    "trigger": "Start a run, now or at a time.",
    "pause": "Let schedules rest.",
    "resume": "Let paused schedules go on.",
    "cancel": "End a run.",
    "retry": "Do once more what a failed run was for.",
    "backfill": "Run every slot of a time that has passed.",
    "reload": "Read the configuration again.",
    "schedule": "Create, change and delete schedules while the engine runs.",
    "plugins": "Show the plugins, and ask one for its health, a reload or a call.",
    "export": "Write the schedules in force as configuration.",
    "service": "Install the engine as a service of systemd.",
    "audit": "Show who changed what.",
    "token": "Create, list and revoke tokens for the API over TCP.",
    "doctor": "Look at what an engine needs.",
}
"""Each verb with its line in the help; its code is the function `command` in the module of its name."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 when it is done, 1 when the answer is no, 2 when it was called wrongly."""
    try:
        _do(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        # It comes while a verb is loaded, or after one has caught those that were meant for it.
        raise SystemExit(render.INTERRUPTED) from None
    finally:
        if argv is None:
            # The process ends with this. An interrupt can end nothing more, and where it meets an interpreter that
            # takes itself apart, it passes for a death by a signal.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _do(args: list[str]) -> None:
    try:
        if args in (["--version"], ["-V"]):
            _print_version()
        elif args[:1] == ["dial"]:
            _dial(args[1:])
        else:
            _run(_spoken(args or _opening()))
    finally:
        render.flush()


def _opening() -> list[str]:
    """Return what `cronsole` alone means: a look at the engine for a person, the help for a program."""
    return ["run"] if render.is_on_terminal() and sys.stdin is not None and sys.stdin.isatty() else []


def _spoken(args: list[str]) -> list[str]:
    """Return the words as they are meant: a configuration alone is to be run, and a time such as -2h is no option."""
    if args and args[0] not in VERBS and args[0].endswith((".toml", ".yaml", ".yml")):
        return ["run", *args]
    if args[:1] != ["why"]:
        return args
    return [f"{word[1:]} ago" if word[:1] == "-" and word[1:2].isdigit() else word for word in args]


def _run(args: list[str]) -> None:
    from cronsole.errors import CronsoleError
    from cronsole.text import safe

    try:
        application(_words(args))(args, prog_name="cronsole")
    except CronsoleError as error:
        render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.BAD)
        raise SystemExit(1) from error


def _dial(args: list[str]) -> None:
    """Bridge an SSH login to the engine's socket; a verb of clients, and none of the help."""
    from cronsole.cli.dial import run

    raise SystemExit(run(args))


def _words(args: list[str]) -> set[str]:
    """Return all words that may name a verb, those of a line that the shell asks us to complete included."""
    completing = (os.environ.get(name, "").split() for name in ("_TYPER_COMPLETE_ARGS", "COMP_WORDS"))
    return {*args, *(word for words in completing for word in words)}


def application(words: set[str]) -> "typer.Typer":
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
