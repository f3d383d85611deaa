"""A real engine for tests of the command line: a process, its socket, and `cronsole` called against it."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

CRONSOLE = (sys.executable, "-m", "cronsole")
PATIENCE = 60


class Said:
    """What one call of the command line said."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)

    def __repr__(self) -> str:
        return f"exit {self.code}\n{self.out}\n--- stderr\n{self.err}"


class Calling:
    """A call that goes on."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_error(self, text: str) -> None:
        """Read stderr up to the line that holds a text."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}")

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        self._process.communicate(timeout=PATIENCE)
        return self._process.returncode


class Place:
    """A folder with a configuration, and the engine that serves it."""

    def __init__(self, folder: Path, config: str, *, settings: str = "") -> None:
        self.folder = folder
        self.config = folder / "jobs.toml"
        self.state = folder / "state"
        self.engine_table = (
            f'[engine]\nstate_dir = "{self.state}"\nshutdown_grace = "1s"\nwatch_files = false\n{settings}\n'
        )
        self.write(config)
        self.pid: int | None = None

    def write(self, tasks: str) -> None:
        self.config.write_text(self.engine_table + tasks)

    @property
    def environ(self) -> dict[str, str]:
        dropped = ("CRONSOLE_ENGINE", "CRONSOLE_TOKEN", "NO_COLOR", "TZ")
        environ = {name: value for name, value in os.environ.items() if name not in dropped}
        return environ | {
            "CRONSOLE_ENGINE": str(self.state),
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "xdg"),
            "TZ": "UTC",
        }

    def call(self, *words: str, stdin: str = "", **environ: str) -> Said:
        done = subprocess.run(
            [*CRONSOLE, *words],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            cwd=self.folder,
            env=self.environ | environ,
        )
        return Said(done)

    def start_call(self, *words: str) -> Calling:
        process = subprocess.Popen(
            [*CRONSOLE, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environ,
        )
        return Calling(process)

    def open_terminal(self, *words: str, **environ: str) -> "Terminal":
        return Terminal([*CRONSOLE, *words], self.folder, self.environ | {"TERM": "xterm"} | environ)

    def start(self) -> None:
        said = self.call("run", str(self.config), "--json")
        assert said.code == 0, said
        self.pid = said.json["pid"]

    def stop(self) -> None:
        """End the engine, and return when it is gone."""
        if self.pid is None:
            return
        pidfd = os.pidfd_open(self.pid)
        try:
            os.kill(self.pid, 15)
            wait_for_end(pidfd)
        finally:
            os.close(pidfd)
            self.pid = None


def wait_for_end(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(PATIENCE * 1000), "the engine did not end"


class Terminal:
    """A pty with a command in it, and the person before it."""

    def __init__(self, words: list[str], folder: Path, environ: dict[str, str]) -> None:
        self._mine, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environ, start_new_session=True
        )
        os.close(theirs)

    def wait_for(self, text: str) -> str:
        """Return what was shown since the last look, once a text was."""
        while text not in self.seen:
            assert select.select([self._mine], [], [], PATIENCE)[0], f"never saw {text!r} in {self.seen!r}"
            try:
                self.seen += os.read(self._mine, 65_536).decode(errors="replace")
            except OSError:
                # The last one to write has gone.
                raise AssertionError(f"ended without {text!r}: {self.seen!r}") from None
        shown, _, self.seen = self.seen.partition(text)
        return shown

    def type(self, text: str) -> None:
        os.write(self._mine, text.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Return the exit code; what was shown until then is in `seen`."""
        while True:
            try:
                data = os.read(self._mine, 65_536)
            except OSError:
                break
            if not data:
                break
            self.seen += data.decode(errors="replace")
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._mine)
