"""A real engine in a process of its own, and a few runs behind it, for the verbs that look."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CONFIG = r"""
[engine]
watch_files = false
shutdown_grace = "1s"

[[tasks]]
id = "broken"
every = "6h"
run_at_start = true
command = "echo attempt $CRONSOLE_ATTEMPT; exit 3"
retry = { attempts = 1, delay = "10ms" }
tags = ["db"]

[[tasks]]
id = "colourful"
every = "6h"
run_at_start = true
command = "printf '\\033[32mgreen\\033[0m \\033]52;c;aGk=\\007\\033[6n [/bold]\\nlast \\377 line\\n'"
description = "[/var/log] \u001b]0;title\u0007 東京"

[[tasks]]
id = "held"
every = "6h"
run_at_start = true
command = "echo first; while [ ! -e gate ]; do sleep 0.05; done; echo last"
tags = ["db", "slow"]

[[tasks]]
id = "nightly/backup"
cron = "0 3 * * *"
timezone = "Europe/Berlin"
command = "true"
"""


class Answer:
    """What a verb wrote, and how it ended."""

    def __init__(self, out: bytes, err: bytes, code: int) -> None:
        self.raw, self.out, self.err, self.code = out, out.decode(errors="replace"), err.decode(), code

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class EngineAtHand:
    """The engine, and a way to ask it as a shell would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "jobs.toml"
        self.state = folder / "state"
        self.environ = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("LC_", "CRONSOLE_"))
            },
            "CRONSOLE_ENGINE": str(self.state),
            "XDG_CONFIG_HOME": str(folder / "none"),
            "TZ": "Europe/Berlin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    def ask(self, *args: str, **environ: str) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "cronsole", *args],
            capture_output=True,
            cwd=self.folder,
            env=self.environ | environ,
            timeout=60,
            check=False,
        )
        return Answer(done.stdout, done.stderr, done.returncode)

    def start(self, *args: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "cronsole", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environ,
        )

    def wait_for(self, *sentences: str) -> None:
        """Follow the events, from the first on, until each of the sentences was told."""
        waiting = set(sentences)
        process = self.start("events", "-f", "--since", "1h")
        assert process.stdout is not None
        while waiting:
            line = process.stdout.readline().decode()
            assert line, process.stderr and process.stderr.read()
            waiting -= {sentence for sentence in waiting if sentence in line}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0

    def on_terminal(
        self,
        *args: str,
        steps: Sequence[tuple[bytes, Callable[[int], object]]] = (),
        environ: Mapping[str, str] = {},
        program: Sequence[str] = ("-m", "cronsole"),
    ) -> tuple[str, int]:
        """Run a verb on a terminal; return what it wrote and its exit code, negative where a signal ended it.

        Each step is done, with the pid of the verb, once its bytes are shown after those of the step before it.
        """
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(sys.executable, [sys.executable, *program, *args], {**self.environ, **environ})
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        shown, seen, waiting = b"", 0, list(steps)
        while select.select([master], [], [], 30)[0]:
            try:
                shown += os.read(master, 65_536)
            except OSError:
                break
            while waiting and waiting[0][0] in shown[seen:]:
                text, step = waiting.pop(0)
                seen = shown.index(text, seen) + len(text)
                step(pid)
        os.close(master)
        return shown.decode(errors="replace"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def launch(self) -> None:
        """Start the engine; it answers when this returns."""
        command = [sys.executable, "-m", "cronsole", "engine", str(self.config), "--state", str(self.state)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=self.folder, env=self.environ)
        assert self.process.stderr is not None
        # The socket is there before the first line of the log is.
        assert b"engine started" in self.process.stderr.readline()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


@contextmanager
def engine_at_hand(folder: Path) -> Iterator[EngineAtHand]:
    """Start an engine and see its first runs through."""
    engine = EngineAtHand(folder)
    engine.config.write_text(CONFIG)
    engine.launch()
    try:
        engine.wait_for("broken failed after", "colourful succeeded", "held started")
        yield engine
    finally:
        (folder / "gate").touch()
        engine.stop()
