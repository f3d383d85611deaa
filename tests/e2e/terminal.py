"""A real pseudo-terminal with a program in it, a model of its screen, and the person before it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import pyte

PATIENCE_S = 60
ENTER, ESCAPE = "\r", "\x1b"

_SYNC_ASKED, _SYNC_KNOWN = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
_ALTERNATE, _MOUSE, _PASTE, _FOCUS, _WRAPS = 1049, (1000, 1002, 1003, 1015, 1006, 1016), 2004, 1004, 7
# Keyboard modes of kitty, which the model does not know.
_KITTY = re.compile(rb"\x1b\[([<>])\d*u")


class Screen(pyte.Screen):
    """The model of pyte, with an alternate screen: leaving it brings back what stood there before."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height)
        self.modes_on: set[int] = {_WRAPS}
        self._before: dict[Any, Any] = {}

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            if _ALTERNATE in modes and _ALTERNATE not in self.modes_on:
                self._before = {y: copy(line) for y, line in self.buffer.items()}
                self.save_cursor()
                self.erase_in_display(2)
            self.modes_on.update(modes)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            if _ALTERNATE in modes and _ALTERNATE in self.modes_on:
                self.erase_in_display(2)
                self.buffer.update(self._before)
                self.restore_cursor()
            self.modes_on.difference_update(modes)
        super().reset_mode(*modes, **kwargs)

    def report_device_status(self, mode: int, **kwargs: Any) -> None:
        """Not answered: nobody has a reason to ask."""


class Terminal:
    """Bytes that come out are kept, and drawn on the model; nothing is read while nobody looks."""

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        *,
        width: int = 120,
        height: int = 36,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._mine, self._theirs = pty.openpty()
        self._resize(width, height)
        self._cooked = self._settings()
        self.data = bytearray()
        self._drawn = 0
        self.screen = Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        theirs = self._theirs
        self.process = subprocess.Popen(
            words,
            env=environ,
            cwd=folder,
            # A session of its own with this terminal in control, as a login has.
            preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - no test has threads at work then
            pass_fds=(theirs, *pass_fds),
        )

    def _settings(self) -> list[Any]:
        return termios.tcgetattr(self._theirs)

    def _resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def resize(self, width: int, height: int) -> None:
        """Take another size; the kernel tells the program by a signal."""
        self.look()
        self._resize(width, height)
        self.screen.resize(height, width)

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self._mine, key.encode())

    @property
    def text(self) -> str:
        """What the screen shows."""
        self.look()
        return "\n".join(line.rstrip() for line in self.screen.display)

    def line_with(self, text: str) -> str:
        return next((line for line in self.text.split("\n") if text in line), "")

    def look(self, seconds: float = 0) -> bool:
        """Read what has come by now, waiting for it so long; return whether anything did."""
        has_read = False
        while self._mine >= 0 and select.select([self._mine], [], [], 0 if has_read else seconds)[0]:
            try:
                data = os.read(self._mine, 65_536)
            except OSError:
                break
            has_read = True
            self.data += data
            if _SYNC_ASKED in data:
                os.write(self._mine, _SYNC_KNOWN)
        if has_read:
            fresh, self._drawn = bytes(self.data[self._drawn :]), len(self.data)
            # What the model would take for other sequences than they are.
            self._stream.feed(_KITTY.sub(b"", fresh))
        return has_read

    def until(self, is_seen: Callable[[str], object], told: str, *, seconds: float = PATIENCE_S) -> str:
        """Wait until the screen shows what it should, and return all that it shows."""
        ends = time.monotonic() + seconds
        while not is_seen(self.text):
            left = ends - time.monotonic()
            is_gone = self.process.poll() is not None
            if not self.look(0 if is_gone else max(0.0, min(left, 0.25))) and (left < 0 or is_gone):
                how = f"the program ended with {self.process.returncode}" if is_gone else f"{seconds} s"
                raise AssertionError(f"{told} was not to be seen ({how}):\n{self.text}")
        return self.text

    def wait_for(self, *texts: str) -> str:
        return self.until(lambda seen: all(text in seen for text in texts), repr(texts))

    def wait_until_gone(self, text: str) -> str:
        return self.until(lambda seen: text not in seen, f"the end of {text!r}")

    @property
    def unread(self) -> int:
        """How many bytes wait to be read."""
        return int(struct.unpack("i", fcntl.ioctl(self._mine, termios.FIONREAD, b"\0" * 4))[0])

    @property
    def is_raw(self) -> bool:
        return self._settings() != self._cooked

    def end(self) -> int:
        """Read to the program's end and return its exit code."""
        ends = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            self.look(0.1)
            assert time.monotonic() < ends, f"it did not end:\n{self.text}"
        self.look(0.1)
        return self.process.returncode

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Cut the line: the kernel sends SIGHUP to who sits behind it, and every read and write fails."""
        os.close(self._theirs)
        os.close(self._mine)
        self._theirs = self._mine = -1

    @property
    def disorder(self) -> list[str]:
        """What a program that has left the terminal has not put back; nothing, where all is well."""
        self.look()
        modes = self.screen.modes_on
        kitty = sum(1 if found[1] == b">" else -1 for found in _KITTY.finditer(bytes(self.data)))
        found = {
            "the alternate screen": _ALTERNATE in modes,
            "the mouse": bool(modes & set(_MOUSE)),
            "bracketed paste": _PASTE in modes,
            "focus reports": _FOCUS in modes,
            "no line wrap": _WRAPS not in modes,
            "resizes in band": 2048 in modes,
            "a hidden cursor": self.screen.cursor.hidden,
            "kitty's keys": kitty > 0,
            "the scroll region": self.screen.margins not in (None, (0, self.screen.lines - 1)),
            "raw mode": self.is_raw,
        }
        return [name for name, is_left in found.items() if is_left]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._mine >= 0:
            self.hang_up()
