"""Channels of type command: a process that reads the message as JSON; exit status 0 means that it was taken."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Final

from cronsole.config.secrets import resolve_text
from cronsole.errors import ConfigError
from cronsole.executors.environment import DEFAULT_PATH
from cronsole.model.channel import CommandChannel
from cronsole.model.instant import to_iso
from cronsole.model.message import Message
from cronsole.notify.base import SendFault
from cronsole.notify.message import headline, json_of
from cronsole.text import safe

_KEPT: Final = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ")
_LAST_BYTES: Final = 500


class CommandSender:
    def __init__(self, channel: CommandChannel, environ: Mapping[str, str]) -> None:
        self._channel = channel
        self._environ = environ
        self.timeout_s = channel.timeout_ms / 1000

    async def send(self, message: Message) -> None:
        # Files, not pipes: neither a process that does not read nor a child of it that stays can hold this up.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
            given.write(json_of(message))
            given.seek(0)
            status = await self._carry_out(message, given, output)
            if status != 0:
                raise SendFault(_sentence(status, output))

    async def _carry_out(self, message: Message, given: IO[bytes], output: IO[bytes]) -> int:
        try:
            run, env = self._resolved(message)
            argv = ("/bin/sh", "-c", run) if isinstance(run, str) else run
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=given, stdout=output, stderr=output, env=env, start_new_session=True
            )
        except ConfigError as fault:
            raise SendFault(str(fault)) from fault
        except OSError as fault:
            raise SendFault(f"cannot be started: {fault.strerror}") from fault
        try:
            return await process.wait()
        finally:
            # It took too long, or the engine stops.
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()

    def _resolved(self, message: Message) -> tuple[str | tuple[str, ...], dict[str, str]]:
        environ, run = self._environ, self._channel.run
        env = {name: environ[name] for name in _KEPT if environ.get(name)}
        env.setdefault("PATH", DEFAULT_PATH)
        env |= {name: resolve_text(value, environ) for name, value in self._channel.env}
        env |= _told(message)
        if isinstance(run, str):
            return resolve_text(run, environ), env
        return tuple(resolve_text(word, environ) for word in run), env


def _told(message: Message) -> dict[str, str]:
    """Return what the process finds in its environment.

    The run is not called CRONSOLE_RUN_ID: by that name the engine finds what a run left behind, and ends it.
    """
    return {
        "CRONSOLE_MESSAGE_ID": message.id,
        "CRONSOLE_MESSAGE_KIND": message.kind.value,
        "CRONSOLE_MESSAGE_TEXT": headline(message),
        "CRONSOLE_MESSAGE_RUN_ID": message.run_id,
        "CRONSOLE_MESSAGE_STATE": message.state.value,
        "CRONSOLE_SCHEDULE": message.schedule_id,
        "CRONSOLE_SLOT": "" if message.slot is None else to_iso(message.slot),
    }


def _sentence(status: int, output: IO[bytes]) -> str:
    ended = f"exit code {status}" if status > 0 else f"ended by signal {-status}"
    output.seek(max(0, output.seek(0, os.SEEK_END) - _LAST_BYTES))
    last = output.read().decode(errors="replace").strip().rpartition("\n")[2]
    return f"{ended}: {safe(last)}" if last else ended
