"""Plugins that are processes, written for one test: a manifest, a program, and the ground they stand on."""

import asyncio
import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from cronsole.clock import Clock, SystemClock
from cronsole.executors.base import Job
from cronsole.model.action import PluginCall
from cronsole.model.policy import Expect, Limits
from cronsole.model.settings import PluginSettings
from cronsole.plugins.loading import PluginGround
from cronsole.plugins.process import ProcessPlugin, open_process

MANIFEST = """\
manifest_spec: ductile.plugin
manifest_version: 1
name: {name}
version: 1.2.3
protocol: 2
entrypoint: {entrypoint}
"""

# Answers with the request that it was given, as its result.
ECHO = """#!/usr/bin/env python3
import json, sys
request = json.load(sys.stdin)
at_end = sys.stdin.read()
json.dump({"status": "ok", "result": json.dumps(request), "state_updates": request["state"]}, sys.stdout)
"""

OK = """#!/bin/sh
cat >/dev/null
echo '{"status": "ok", "result": "done"}'
"""

_numbers = itertools.count()


class MemoryState:
    """What plugins remember, in a table of its own."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {}

    async def load(self, plugin: str) -> Mapping[str, Any]:
        return dict(self.tables.get(plugin, {}))

    async def merge(self, plugin: str, updates: Mapping[str, Any]) -> None:
        self.tables[plugin] = {**self.tables.get(plugin, {}), **updates}


def write_plugin(
    folder: Path,
    program: str = OK,
    *,
    commands: tuple[str, ...] = ("poll", "token_refresh"),
    name: str = "withings",
    manifest: str = "",
) -> Path:
    """Write a plugin into a folder of its name, and return that."""
    home = folder / name
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    listed = "".join(f"  - {{name: {command}, type: write}}\n" for command in commands)
    text = MANIFEST.format(name=name, entrypoint="run") + manifest + f"commands:\n{listed}"
    (home / "manifest.yaml").write_text(text)
    # A file that is open for writing cannot be executed, and a fork of another test may hold it open.
    part = home / ".run"
    part.write_text(program)
    part.chmod(0o755)
    part.rename(home / "run")
    return home


def ground_in(folder: Path, *, clock: Clock | None = None, **fields: Any) -> PluginGround:
    values: dict[str, Any] = {
        "clock": clock or SystemClock(),
        "environ": {"PATH": os.environ["PATH"], "ENGINE_SECRET": "hush"},
        "folder": folder,
        "state": MemoryState(),
        "schedules": None,
        "warn": lambda _: None,
        "read": lambda *_: None,
    }
    return PluginGround(**(values | fields))


async def opened(home: Path, ground: PluginGround | None = None, **settings: Any) -> ProcessPlugin:
    found = PluginSettings(name=home.name, path=str(home), **settings)
    return await open_process(found, ground or ground_in(home.parent))


def job(folder: Path, verb: str = "poll", **changes: Any) -> Job:
    run_id = f"run-{os.getpid()}-{folder.name}-{next(_numbers)}"
    fields: dict[str, Any] = {
        "run_id": run_id,
        "schedule_id": f"withings/{verb}",
        "action": PluginCall("withings", verb),
        "attempt": 1,
        "fence": 7,
        "slot": 1_774_746_000_000,
        "due_at": 1_774_746_000_000,
        "is_catchup": False,
        "run_count": 3,
        "config": "",
        "payload": "",
        "output_path": folder / "logs" / f"{run_id}.log",
        "timeout_ms": None,
        "kill_grace_ms": 300,
        "expect": Expect(),
        "limits": Limits(),
    }
    return Job(**(fields | changes))


def echoed(output: str) -> dict[str, Any]:
    """Return the request that `ECHO` told in the run's output."""
    return msgspec.json.decode(output)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


class Pipe:
    """A pipe by name, through which a plugin tells a test where it is."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    async def line(self) -> str:
        told = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, told.set)
        try:
            async with asyncio.timeout(20):
                await told.wait()
        finally:
            asyncio.get_running_loop().remove_reader(self._fd)
        return os.read(self._fd, 4096).decode()

    def close(self) -> None:
        os.close(self._fd)
