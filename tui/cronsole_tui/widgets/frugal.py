"""A driver that sends a terminal only the cells that differ, and never makes the console wait for it.

Textual's own driver queues thirty frames and then blocks the event loop until a stalled terminal takes them. Here a
frame that was not sent yet is replaced by the next: a slow line sees fewer frames, and always the latest.
"""

import os
import select
import threading
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from cronsole_tui.widgets.mirror import Mirror
from cronsole_tui.widgets.terminal import colours_of, is_unicode

# Frames a second that go out for as long as a key is held. After a rest the first few go out at once, so that an
# answer to a key does not wait for a clock that happened to tick just before it.
_FRAMES_PER_S = 15
_FRAMES_AT_ONCE = 3
# How long the console's end waits for a terminal that takes nothing.
_LAST_WORDS_S = 2.0
_LOOK_S = 0.1
_PIECE = 4096


class FrugalDriver(LinuxDriver):
    """Give it to the app as `driver_class`."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        is_ascii = getattr(app, "ascii_only", not is_unicode(os.environ))
        self._mirror = Mirror(*self._get_terminal_size(), colours_of(os.environ), is_ascii=is_ascii)
        self._lock = threading.Lock()
        self._has_news = threading.Event()
        self._is_closing = threading.Event()
        self._sender: threading.Thread | None = None

    def forget(self) -> None:
        """Send the whole screen with the next frame, as after other programs wrote to the terminal."""
        with self._lock:
            self._mirror.forget()
        self._has_news.set()

    def start_application_mode(self) -> None:
        self._is_closing.clear()
        self._sender = threading.Thread(target=self._send, daemon=True, name="cronsole-output")
        self._sender.start()
        super().start_application_mode()  # type: ignore[no-untyped-call] # Textual has left it so

    def write(self, data: str) -> None:
        """Take down what the screen should show; the sender's thread sends it."""
        with self._lock:
            if (size := self._get_terminal_size()) != self._mirror.size:
                self._mirror.resize(*size)
            self._mirror.feed(data)
            if self._mirror.is_open:
                return
        self._has_news.set()

    def close(self) -> None:
        """Send what is left. A terminal that takes nothing does not hold up the end."""
        self._is_closing.set()
        self._has_news.set()
        if self._sender is not None:
            self._sender.join(_LAST_WORDS_S + 1)
            self._sender = None
        super().close()

    def _send(self) -> None:
        fd, now = self._own_output(), self._loop.time
        credit, seen_at = float(_FRAMES_AT_ONCE), now()
        while True:
            self._has_news.wait()
            credit, seen_at = min(_FRAMES_AT_ONCE, credit + (now() - seen_at) * _FRAMES_PER_S), now()
            if credit < 1:
                self._is_closing.wait((1 - credit) / _FRAMES_PER_S)
                credit, seen_at = 1.0, now()
            credit -= 1
            is_last = self._is_closing.is_set()
            self._has_news.clear()
            with self._lock:
                data = self._mirror.take().encode(errors="replace")
            try:
                if not self._put(fd, data) or is_last:
                    break
            except OSError:
                # The terminal is gone; Textual learns of it by its input.
                break
        os.close(fd)

    def _own_output(self) -> int:
        """Return a descriptor that never blocks. The one that was inherited shares its flags with the shell."""
        assert self._file is not None
        inherited = self._file.fileno()
        try:
            return os.open(os.ttyname(inherited), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return os.dup(inherited)

    def _put(self, fd: int, data: bytes) -> bool:
        """Write all of it, as the terminal takes it; return False where it takes nothing and the end waits.

        Nobody may be stuck inside a write: the kernel would hold up all who use the terminal after it.
        """
        waited_s = 0.0
        while data:
            if select.select([], [fd], [], _LOOK_S)[1]:
                data = data[os.write(fd, data[:_PIECE]) :]
                waited_s = 0.0
            elif self._is_closing.is_set():
                waited_s += _LOOK_S
                if waited_s >= _LAST_WORDS_S:
                    return False
        return True
