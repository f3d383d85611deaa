"""A folder with a configuration, its engine, and consoles in terminals, none of which may leave anything behind."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tests.cli.living import wait_for_end
from tests.e2e.terminal import PATIENCE_S, Terminal

CRONSOLE = (sys.executable, "-m", "cronsole")
_ROOT = Path(__file__).parents[2]
_MARK = "CRONSOLE_E2E"
_DROPPED = (
    "CRONSOLE_ENGINE",
    "CRONSOLE_TOKEN",
    "NO_COLOR",
    "COLUMNS",
    "LINES",
    "TERM",
    "COLORTERM",
    "LC_ALL",
)


class Place:
    """Everything that its processes write lies below one folder; they are known by a mark in their environment."""

    def __init__(self, folder: Path, tasks: str, *, settings: str = "") -> None:
        self.folder = folder
        self.state = folder / "state"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.config = folder / "jobs.toml"
        self.config.write_text(
            f'[engine]\nstate_dir = "{self.state}"\nshutdown_grace = "1s"\nwatch_files = false\n{settings}\n{tasks}'
        )
        self.terminals: list[Terminal] = []

    @property
    def environ(self) -> dict[str, str]:
        environ = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        return environ | {
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "home" / "config"),
            "XDG_STATE_HOME": str(self.folder / "home" / "state"),
            "XDG_RUNTIME_DIR": str(self.folder / "home" / "run"),
            "TMPDIR": str(self.temporary),
            "CRONSOLE_ENGINE": str(self.state),
            "PYTHONPATH": str(_ROOT),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            _MARK: str(self.folder),
        }

    def show(
        self, *words: str, width: int = 120, height: int = 36, environ: Mapping[str, str] | None = None
    ) -> Terminal:
        """Run `cronsole WORDS` in a terminal."""
        return self.show_program([*CRONSOLE, *words], width=width, height=height, environ=environ)

    def show_program(
        self,
        words: Sequence[str],
        *,
        width: int = 120,
        height: int = 36,
        environ: Mapping[str, str] | None = None,
    ) -> Terminal:
        terminal = Terminal(
            words, self.environ | dict(environ or {}), self.folder, width=width, height=height
        )
        self.terminals.append(terminal)
        return terminal

    def call(self, *words: str) -> str:
        """Return what a verb of the command line prints."""
        done = subprocess.run(
            [*CRONSOLE, *words],
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words: str) -> list[Any]:
        return [msgspec.json.decode(line) for line in self.call(*words, "--json").splitlines()]

    def start_engine(self) -> int:
        """Start the engine, and return its pid once it answers."""
        (view,) = self.json("run", str(self.config))
        return int(view["pid"])

    def stop_engine(self) -> None:
        """End the engine if there is one, and return when it is gone."""
        for pid, words in self.processes():
            if "engine" in words:
                end(pid)

    def processes(self) -> list[tuple[int, list[str]]]:
        """Return what runs here: pids and command lines."""
        mark = f"{_MARK}={self.folder}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (path / "environ").read_bytes().split(b"\0"):
                    words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
                    found.append((int(path.name), words))
            except OSError:
                continue  # it has ended meanwhile
        return found

    @property
    def left_behind(self) -> list[str]:
        """What should not be there once all have gone."""
        processes = [f"process {pid}: {' '.join(words)}" for pid, words in self.processes()]
        sockets = [f"socket {path}" for path in self.folder.rglob("*") if path.is_socket()]
        files = [f"temporary file {path}" for path in self.temporary.rglob("*")]
        return processes + sockets + files

    def close(self) -> None:
        for terminal in self.terminals:
            terminal.close()
        self.stop_engine()
        for pid, _ in self.processes():
            os.kill(pid, 9)


def end(pid: int, number: int = 15) -> None:
    """Send a signal that ends a process, and return when it is gone."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        os.kill(pid, number)
        wait_for_end(pidfd)
    finally:
        os.close(pidfd)
