"""Finds the engine that serves a configuration, or starts one that outlives its starter."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from cronsole.cli import render
from cronsole.cli.connection import target_of
from cronsole.cli.log_file import older_than
from cronsole.clock import Clock, SystemClock
from cronsole.config.load import load
from cronsole.errors import CronsoleError, Unreachable
from cronsole.model.view import EngineView
from cronsole.store.state_dir import default_state_dir

LOG_NAME: Final = "engine.log"
_LOOK_SECONDS: Final = 0.05
_SLOW_SECONDS: Final = 5.0
_TOLD_LINES: Final = 20
_LOG_LINE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Found(msgspec.Struct, frozen=True):
    """An engine that answers; `process` is set where we started it, and `log` is where it then writes."""

    target: str
    view: EngineView
    process: "subprocess.Popen[bytes] | None" = None
    log: Path | None = None


async def answering(target: str) -> EngineView | None:
    """Return what the engine at a target says of itself; None where nobody answers."""
    from cronsole.client.engine import EngineClient

    try:
        async with EngineClient.at(target) as client:
            return await client.engine()
    except Unreachable:
        return None


def serves(view: EngineView, config: Path) -> bool:
    """Return whether an engine of this machine serves a configuration."""
    told = Path(view.config)
    if not told.is_absolute():
        try:
            told = Path(os.readlink(f"/proc/{view.pid}/cwd"), told)
        except OSError:
            return False
    return told.resolve() == config.resolve()


async def find_or_start(config: Path) -> Found:
    """Return the engine that serves a configuration, started if there is none; CronsoleError says why it did not."""
    target = target_of(None, os.environ, config)
    view = await answering(target)
    if view is None:
        return await start(config, target)
    return Found(target, _ours(view, config))


async def start(config: Path, target: str, clock: Clock | None = None) -> Found:
    """Start an engine in a session of its own, and wait until it answers."""
    clock = clock or SystemClock()
    log = _log_path(config, clock)
    begin, process = _spawn(config, log)
    try:
        view = await _answer_of(process, target, log, clock)
    except BaseException:
        # Whoever gives up waiting did not get an engine, and shall not have one that nobody knows of.
        process.terminate()
        raise
    if view is not None:
        return Found(target, view, process, log)
    # Somebody else may have been faster with the same.
    other = await answering(target)
    if other is not None:
        return Found(target, _ours(other, config))
    raise CronsoleError(
        f"the engine did not start (exit code {process.returncode}):\n{_last_words(log, begin)}"
    )


def _ours(view: EngineView, config: Path) -> EngineView:
    if serves(view, config):
        return view
    raise CronsoleError(
        f"the engine with pid {view.pid} holds {view.state_dir} and serves {view.config}, not {config}: "
        f"see it with `cronsole attach`, or give {config.name} a place of its own: [engine] state_dir"
    )


def _log_path(config: Path, clock: Clock) -> Path:
    settings = load(config, now=clock.now(), environ=os.environ).settings
    folder = Path(settings.state_dir) if settings.state_dir else default_state_dir(os.environ, os.geteuid())
    return folder / LOG_NAME


def _spawn(config: Path, log: Path) -> "tuple[int, subprocess.Popen[bytes]]":
    """Return where in the log the engine's words begin, and its process."""
    words = [sys.executable, "-m", "cronsole", "engine", str(config.absolute()), "--log-file", str(log)]
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:
            begin = os.fstat(stream.fileno()).st_size
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
            )
    except OSError as error:
        raise CronsoleError(f"no engine can be started with its log in {log}: {error.strerror}") from error
    return begin, process


async def _answer_of(
    process: "subprocess.Popen[bytes]", target: str, log: Path, clock: Clock
) -> EngineView | None:
    """Return the view of the process once it answers; None when it ended before."""
    began, has_told = clock.monotonic(), False
    while process.poll() is None:
        view = await answering(target)
        if view is not None and view.pid == process.pid:
            return view
        if not has_told and clock.monotonic() - began > _SLOW_SECONDS:
            has_told = True
            render.err(f"the engine is still starting; its log is {log}", render.Style.FAINT)
        await clock.wait(asyncio.Event(), _LOOK_SECONDS)
    return None


def _last_words(log: Path, begin: int) -> str:
    """Return what an engine that did not start said, without the chatter of its log."""
    try:
        data = log.read_bytes()
    except OSError as error:
        return f"  its log {log} cannot be read: {error.strerror}"
    # Shorter than it was: the engine set the full file aside.
    data = older_than(log).read_bytes()[begin:] + data if len(data) < begin else data[begin:]
    lines = data.decode("utf-8", errors="backslashreplace").splitlines()
    told = [line for line in lines if not _LOG_LINE.match(line)] or lines
    return "\n".join(f"  {line.removeprefix('cronsole: ')}" for line in told[-_TOLD_LINES:]) or f"  see {log}"
