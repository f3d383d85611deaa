"""`cronsole engine`: the headless engine, from the reading of its configuration to its last log line."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import closing
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cronsole.cli import render, serving
from cronsole.cli.config_path import find_config
from cronsole.cli.log_file import LogFile
from cronsole.cli.log_stream import LogStream, Writable
from cronsole.clock import SystemClock
from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.event import CatalogReloaded, EngineStarted, Event, Level
from cronsole.model.instant import SECOND, to_datetime, to_iso
from cronsole.model.settings import Configuration
from cronsole.narration import LEVELS, level_of, sentence
from cronsole.runtime.engine import Engine
from cronsole.runtime.sdnotify import ServiceManager
from cronsole.store.state_dir import StateDirectory, default_state_dir
from cronsole.text import safe

# A herd of a thousand runs makes some fifty objects for each, and all are gone when it is over.
_YOUNG_OBJECTS = (100_000, 10, 10)


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def command(
    config: Annotated[
        Path | None, typer.Argument(help="The configuration; ./cronsole.toml by default.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="The state directory.")] = None,
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="text or json.")] = LogFormat.TEXT,
    log_level: Annotated[
        Level, typer.Option("--log-level", help="The least loud that is shown.")
    ] = Level.INFO,
    log_file: Annotated[
        Path | None,
        typer.Option(
            "--log-file", metavar="FILE", help="Log to this file, 5 MB of it and of the one before."
        ),
    ] = None,
) -> None:
    """Run the engine without a screen until it is told to stop.

    SIGHUP reloads the configuration, SIGTERM drains, a second SIGTERM kills.
    """
    try:
        path = find_config(config)
        stream = sys.stderr if log_file is None else LogFile(log_file)
        _run(path, state, log_format, log_level, stream)
    except ConfigError as error:
        for problem in error.problems:
            render.err(problem, render.Style.BAD)
        raise typer.Exit(2) from error


def _run(path: Path, state: Path | None, log_format: LogFormat, log_level: Level, stream: Writable) -> None:
    clock = SystemClock()
    # Handlers are found beside the configuration that names them.
    sys.path.append(str(path.resolve().parent))
    read = partial(_read, path, clock)
    configuration = read()
    place = StateDirectory(_state_dir(state, configuration), config=str(path), clock=clock)
    with place as directory, closing(LogStream(stream)) as log:
        engine = Engine(
            configuration=configuration,
            read=read,
            state=directory,
            clock=clock,
            environ=dict(os.environ),
        )
        engine.bus.listen(_Listener(log, log_format, log_level))
        engine.bus.listen(_set_aside)
        asyncio.run(_serve(engine, directory, clock))


def _read(path: Path, clock: SystemClock) -> Configuration:
    return load(path, now=clock.now(), environ=os.environ)


def _state_dir(chosen: Path | None, configuration: Configuration) -> Path:
    if chosen is not None:
        return chosen
    if configuration.settings.state_dir is not None:
        return Path(configuration.settings.state_dir)
    return default_state_dir(os.environ, os.geteuid())


async def _serve(engine: Engine, directory: StateDirectory, clock: SystemClock) -> None:
    manager = ServiceManager(os.environ)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.stop, number.name)
    loop.add_signal_handler(signal.SIGHUP, engine.reloader.ask)
    async with serving.running(engine, directory.path, clock, os.environ):
        _settle_memory()
        manager.tell("READY=1", f"MAINPID={os.getpid()}", f"STATUS={len(engine.lanes)} schedules")
        await _until_stopped(engine, manager)
        manager.tell("STOPPING=1")


async def _until_stopped(engine: Engine, manager: ServiceManager) -> None:
    while True:
        try:
            async with asyncio.timeout(manager.watchdog_seconds):
                await engine.wait_for_stop()
        except TimeoutError:
            manager.tell("WATCHDOG=1")
        else:
            return


def _set_aside(event: Event) -> None:
    """Hide from the garbage collector what is there to stay: a look through 60,000 schedules takes 200 ms."""
    if isinstance(event, EngineStarted | CatalogReloaded):
        _settle_memory()


def _settle_memory() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_YOUNG_OBJECTS)


class _Listener:
    """Turns events into log lines of one format."""

    def __init__(self, log: LogStream, log_format: LogFormat, least: Level) -> None:
        self._log = log
        self._least = LEVELS.index(least)
        self._line = _json_line if log_format is LogFormat.JSON else _text_line

    def __call__(self, event: Event) -> None:
        level = level_of(event)
        if LEVELS.index(level) >= self._least:
            self._log.write(self._line(event, level))


def _text_line(event: Event, level: Level) -> str:
    second, millis = divmod(event.at, SECOND)
    run_id: str = getattr(event, "run_id", "")
    run = f" [{run_id}]" if run_id else ""
    return f"{_to_the_second(second)}.{millis:03d}Z {level.value:<7} {safe(sentence(event))}{run}"


@lru_cache(maxsize=4)
def _to_the_second(second: int) -> str:
    return f"{to_datetime(second * SECOND):%Y-%m-%dT%H:%M:%S}"


def _json_line(event: Event, level: Level) -> str:
    fields = msgspec.to_builtins(event)
    kind = fields.pop("type")
    at = to_iso(fields.pop("at"))
    line = {"at": at, "level": level.value, "event": kind, "message": sentence(event), **fields}
    return msgspec.json.encode(line).decode()
