"""How a verb finds its engine and speaks with it: the options that every verb shares, and what an error exits with."""

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeAlias, TypeVar

import typer

from cronsole.cli import render
from cronsole.cli.config_path import find_config
from cronsole.errors import ConfigError, CronsoleError, Unreachable
from cronsole.text import safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

T = TypeVar("T")

SAYS_NO: Final = 1
"""The exit code of a question that is answered with no: nothing by that name, not allowed, not now."""
CALLED_WRONGLY: Final = 2
NO_ENGINE: Final = 3

_ADVICE: Final = "name another engine with --engine TARGET or $CRONSOLE_ENGINE"

EngineOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--engine",
        "-e",
        envvar="CRONSOLE_ENGINE",
        metavar="TARGET",
        help="The engine: a socket or its folder, ssh://[user@]host, or https://host:port.",
    ),
]
TokenFileOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", help="The token for https, in a file; $CRONSOLE_TOKEN otherwise."
    ),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Answer in JSON, in the shapes of the API.")
]


def speak(
    engine: str | None,
    token_file: Path | None,
    talk: Callable[["EngineClient"], Coroutine[Any, Any, T]],
    *,
    config: Path | None = None,
    is_endless: bool = False,
) -> T:
    """Return what a conversation with the engine comes to; an error is told in a sentence and exits.

    One that is endless ends well when it is interrupted. The codes: 1 says that the answer is no, 2 that the verb was
    called wrongly, 3 that no engine could be reached.
    """
    import asyncio  # `next` shares the options, and seldom speaks

    try:
        return asyncio.run(_converse(engine, token_file, talk, config))
    except CronsoleError as error:
        fail(error)
    except BaseExceptionGroup as group:
        # Several questions at once, of which one was refused: it stands for the rest.
        refused = _first(group)
        if refused is None:
            raise
        fail(refused)
    except KeyboardInterrupt:
        raise SystemExit(0 if is_endless else render.INTERRUPTED) from None


def reach(engine: str | None, token_file: Path | None, *, config: Path | None = None) -> "EngineClient":
    """Return a client of the engine that the options mean, not yet open."""
    from cronsole.client.engine import EngineClient

    return EngineClient.at(target_of(engine, os.environ, config), token=token_of(token_file, os.environ))


async def _converse(
    engine: str | None,
    token_file: Path | None,
    talk: Callable[["EngineClient"], Awaitable[T]],
    config: Path | None,
) -> T:
    async with reach(engine, token_file, config=config) as client:
        return await talk(client)


def _first(group: BaseExceptionGroup[BaseException]) -> CronsoleError | None:
    for error in group.exceptions:
        found = _first(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, CronsoleError):
            return found
    return None


def fail(error: CronsoleError) -> NoReturn:
    """Tell an error in its sentence and exit with its code."""
    if isinstance(error, ConfigError):
        for problem in error.problems:
            render.err(safe(problem), render.Style.BAD)
        raise SystemExit(CALLED_WRONGLY) from error
    render.err(f"cronsole: {safe(str(error), keeps_breaks=True)}", render.Style.BAD)
    if isinstance(error, Unreachable):
        render.err(f"  {_ADVICE}")
        raise SystemExit(NO_ENGINE) from error
    raise SystemExit(SAYS_NO) from error


def misuse(sentence: str) -> NoReturn:
    """Tell how a verb was called wrongly, and exit."""
    render.err(f"cronsole: {safe(sentence, keeps_breaks=True)}", render.Style.BAD)
    raise SystemExit(CALLED_WRONGLY)


def target_of(engine: str | None, environ: Mapping[str, str], config: Path | None = None) -> str:
    """Return where the engine is: as given, else where the configuration puts its socket, else the default place."""
    if engine:
        return f"unix:{Path(engine, 'cronsole.sock')}" if os.path.isdir(engine) else engine
    from cronsole.store.state_dir import default_state_dir

    configured = _configured_socket(config, environ)
    return f"unix:{configured or default_state_dir(environ, os.geteuid()) / 'cronsole.sock'}"


def _configured_socket(config: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the socket that the configuration names, none where there is no configuration or no word of it."""
    try:
        top, folder = _top_of(find_config(config))
        socket = _path_in(top, "api", "socket", folder, environ)
        if socket is not None:
            return socket
        state_dir = _path_in(top, "engine", "state_dir", folder, environ)
    except ConfigError:
        # Who names a configuration wants to hear of its faults; one that was merely found must not stop a question.
        if config is not None:
            raise
        return None
    return None if state_dir is None else state_dir / "cronsole.sock"


def _top_of(path: Path) -> tuple[Mapping[str, object], str]:
    """Return the tables of the main file beside its tasks, which are not read, and its folder."""
    from cronsole.config.files import Unreadable, is_yaml, read_text

    try:
        text = read_text(os.fspath(path))
        if is_yaml(os.fspath(path)):
            from cronsole.config.yaml_document import YamlDocument

            top = YamlDocument(text).top
        else:
            from cronsole.config.toml_document import TomlDocument

            top = TomlDocument(text).top
    except Unreadable as fault:
        place = f"{path}:{fault.line}" if fault.line else f"{path}"
        raise ConfigError([f"{place}: {fault.message}"]) from fault
    return top, os.path.dirname(os.path.abspath(path))


def _path_in(
    top: Mapping[str, object], table: str, key: str, folder: str, environ: Mapping[str, str]
) -> Path | None:
    from cronsole.config.secrets import resolve_text

    values = top.get(table)
    value = values.get(key) if isinstance(values, dict) else None
    if not isinstance(value, str) or not value:
        return None
    return Path(folder, Path(resolve_text(value, environ)).expanduser())


def token_of(token_file: Path | None, environ: Mapping[str, str]) -> str | None:
    """Return the token that the file or else the environment holds, if any."""
    if token_file is None:
        return environ.get("CRONSOLE_TOKEN") or None
    try:
        return token_file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise CronsoleError(f"the token file {token_file} cannot be read: {error}") from error
