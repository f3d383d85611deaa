"""The process of a remote plugin: started on a port of ours, watched, and ended with all that came of it.

An engine that dies at once leaves its plugins' processes behind. Which those are is written beside their output, and
the next engine ends them before it starts its own.
"""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from cronsole.errors import CronsoleError
from cronsole.executors import tree
from cronsole.executors.ending import Ender, EndRequest
from cronsole.executors.environment import ATTEMPT, RUN_ID
from cronsole.executors.verdict import exit_sentence
from cronsole.plugins.journal_file import JournalFile

_READY_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 5.0
_REAPED_SECONDS: Final = 2.0
_CHUNK: Final = 64 * 1024
# A plugin may have to take another port than the one that it was given, and then says so.
_ANNOUNCED: Final = re.compile(rb"^[A-Z]+_PLUGIN_PORT=([0-9]{1,5})\s*$", re.MULTILINE)
_LONGEST_LINE: Final = 4096


class ProcessFault(CronsoleError):
    """A process that could not be started, or ended before it served."""


# Tells what this engine made in the folder from what one before it has left there.
ENGINE: Final = secrets.token_hex(4)


class _Note(msgspec.Struct, frozen=True):
    """What tells the process of a plugin from every other, should its engine leave it behind."""

    plugin: str
    engine: str
    pid: int
    started: int
    mark: str


class PluginProcess:
    """One process at a time. `folder` is the engine's own; the process's output is kept there, and who it is."""

    def __init__(self, name: str, command: tuple[str, ...], environ: Mapping[str, str], folder: Path) -> None:
        self._name = name
        self._command = command
        self._environ = environ
        self._folder = folder
        self._note = folder / f"{ENGINE}-{secrets.token_hex(3)}.process"
        self._journal = JournalFile(folder / f"{name}.log")
        self._ender = Ender()
        self._mark = ""
        self._pid = 0
        self._pidfd = -1
        self._output = -1
        self._tail = b""
        self._stirred = asyncio.Event()
        self.announced: int | None = None
        self.ended = asyncio.Event()
        self.exit_told = ""

    async def start(self) -> int:
        """Start it and return the port that it serves; ProcessFault where it does not."""
        await self._end_leftovers()
        port = _free_port()
        self._spawn(port)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not self.ended.is_set():
                    port = self.announced or port
                    if await _serves(port):
                        return port
                    await self._stir(_LOOK_SECONDS)
        except TimeoutError:
            await self.stop()
            raise ProcessFault(
                f"it did not serve port {port} within {_READY_SECONDS:g}s{self.last_words()}"
            ) from None
        except BaseException:
            await self.stop()
            raise
        await self.stop()
        raise ProcessFault(f"it ended before it served: {self.exit_told}{self.last_words()}")

    async def stop(self) -> None:
        """End it and all that came of it; return when nothing is left."""
        if not self._mark:
            return
        mark, pid = self._mark, self._pid
        request = EndRequest()
        ending = asyncio.get_running_loop().create_task(self._end(mark, pid, request), name=f"end {mark}")
        cancelled: asyncio.CancelledError | None = None
        while not ending.done():
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError as fault:
                cancelled = fault
                request.hasten()
        self._let_go()
        if cancelled is not None:
            raise cancelled
        ending.result()

    def last_words(self) -> str:
        """Return the last line that it wrote, to be put behind a sentence."""
        lines = [line for line in self._tail.decode(errors="replace").splitlines() if line.strip()]
        return f"; it wrote last: {lines[-1].strip()[:200]}" if lines else ""

    def _spawn(self, port: int) -> None:
        self._mark = f"plugin-{self._name}-{secrets.token_hex(6)}"
        self._tail, self.announced = b"", None
        self.ended.clear()
        self._output, theirs = os.pipe2(os.O_CLOEXEC)
        try:
            process = subprocess.Popen(
                [*self._command, "--port", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env={**self._environ, RUN_ID: self._mark, ATTEMPT: "1", "CRONSOLE_PLUGIN": self._name},
                start_new_session=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as fault:
            os.close(self._output)
            self._output, self._mark = -1, ""
            told = fault.strerror if isinstance(fault, OSError) else str(fault)
            raise ProcessFault(f"cannot start {self._command[0]}: {told}") from fault
        finally:
            os.close(theirs)
        # It is reaped by its pidfd; Popen must not try to when it is forgotten.
        process.returncode = 0
        self._pid, self._pidfd = process.pid, os.pidfd_open(process.pid)
        seen = tree.stat(process.pid)
        note = _Note(self._name, ENGINE, process.pid, seen.started if seen else 0, self._mark)
        self._note.write_bytes(msgspec.json.encode(note))
        os.set_blocking(self._output, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pidfd, self._on_exit)
        loop.add_reader(self._output, self._on_output)

    async def _end(self, mark: str, pid: int, request: EndRequest) -> None:
        if not self.ended.is_set():
            tree.send_group(pid, signal.SIGTERM)
            tree.send_group(pid, signal.SIGCONT)
        signalled = 0 if self.ended.is_set() else pid
        await self._ender.end((mark, "1"), pid, _GRACE_SECONDS, request, signalled_group=signalled)
        self._on_exit()
        # A process is dead to others a moment before the last of its threads is, and can be reaped only then.
        with suppress(TimeoutError):
            async with asyncio.timeout(_REAPED_SECONDS):
                await self.ended.wait()
        self._reap_orphans()

    def _reap_orphans(self) -> None:
        """Take the exit status of what came to us, as its subreaper, when it was ended."""
        for orphan, started in self._ender.known.items():
            seen = tree.stat(orphan)
            if seen is not None and seen.started == started and seen.is_zombie:
                with suppress(ChildProcessError):
                    os.waitpid(orphan, os.WNOHANG)
        self._ender.known.clear()

    async def _end_leftovers(self) -> None:
        """End what an engine that died has left of this plugin."""
        for path in self._folder.glob("*.process"):
            try:
                note = msgspec.json.decode(path.read_bytes(), type=_Note)
            except (OSError, msgspec.DecodeError):
                continue
            if note.plugin != self._name or note.engine == ENGINE:
                continue
            seen = tree.stat(note.pid)
            # The pid may be another's by now; what bears the mark is ours in any case.
            session = note.pid if seen is not None and seen.started == note.started else -1
            await self._ender.end((note.mark, "1"), session, _GRACE_SECONDS, EndRequest())
            path.unlink(missing_ok=True)

    def _on_exit(self) -> None:
        if self._pidfd < 0:
            return
        with suppress(ChildProcessError):
            found = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
            if found is None:
                return
            code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            self.exit_told = exit_sentence(code)
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        self._on_output()
        self.ended.set()
        self._stirred.set()

    def _on_output(self) -> None:
        if self._output < 0:
            return
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close_output()
            return
        self._journal.add(data)
        heard = self._tail + data
        found = _ANNOUNCED.search(heard) if self.announced is None else None
        if found and 0 < int(found[1]) < 65_536:
            self.announced = int(found[1])
        self._tail = heard[-_LONGEST_LINE:]
        self._stirred.set()

    async def _stir(self, seconds: float) -> None:
        """Wait until it writes or ends, or for the time given."""
        self._stirred.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()

    def _close_output(self) -> None:
        if self._output >= 0:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = -1

    def _let_go(self) -> None:
        self._mark = ""
        self._close_output()
        self._journal.close()
        self._note.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _serves(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
