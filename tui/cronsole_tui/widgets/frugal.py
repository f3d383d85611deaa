"""A driver that sends a terminal only the cells that differ, and never makes the console wait for it.

Textual's own driver queues thirty frames and then blocks the event loop until a stalled terminal takes them. Here a
frame that was not sent yet is replaced by the next: a slow line sees fewer frames, and always the latest. The answer
to a key goes out before what nobody asked for.
"""

import os
import select
import signal
import threading
from types import FrameType
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message
from textual.widgets import Input

from cronsole_tui.widgets.keyboard import Keyboard, listen
from cronsole_tui.widgets.mirror import Mirror
from cronsole_tui.widgets.pace import Pace
from cronsole_tui.widgets.terminal import colours_of, is_unicode

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
        self._pace = Pace(self._loop.time())
        # Held by who reads or changes the mirror, the pace or one of these.
        self._state = threading.Condition()
        self._has_news = self._is_closing = False
        self._sender: threading.Thread | None = None

    def forget(self) -> None:
        """Send the whole screen with the next frame, as after other programs wrote to the terminal."""
        with self._state:
            self._mirror.resize(*self._get_terminal_size())
            self._has_news = True
            self._state.notify()

    def start_application_mode(self) -> None:
        self._is_closing = False
        self._sender = threading.Thread(target=self._send, daemon=True, name="cronsole-output")
        self._sender.start()
        super().start_application_mode()  # type: ignore[no-untyped-call] # Textual has left it so
        self._heed_resizes()

    def _heed_resizes(self) -> None:
        """Hold nothing for shown after a resize: what shrinks and grows again within a frame has lost its cells."""
        tell_textual = signal.getsignal(signal.SIGWINCH)
        assert callable(tell_textual)

        def resized(number: int, frame: FrameType | None) -> None:
            # In the loop, for who was interrupted here may hold the state.
            self._loop.call_soon_threadsafe(self.forget)
            tell_textual(number, frame)

        signal.signal(signal.SIGWINCH, resized)

    def send_message(self, message: Message) -> None:
        """Hand over what came in, and take the frame that is drawn after it for the answer."""
        # In the loop, for what is being drawn while the key comes in knows nothing of it.
        self._loop.call_soon_threadsafe(self._asked)
        super().send_message(message)

    def _asked(self) -> None:
        with self._state:
            self._pace.asked()

    def run_input_thread(self) -> None:
        keyboard = Keyboard(is_typing=self._is_typing, debug=self._debug)
        listen(self.fileno, keyboard, self.process_message, is_over=self.exit_event.is_set)

    def _is_typing(self) -> bool:
        return bool(self._app.screen_stack) and isinstance(self._app.focused, Input)

    def write(self, data: str) -> None:
        """Take down what the screen should show; the sender's thread sends it."""
        with self._state:
            if (size := self._get_terminal_size()) != self._mirror.size:
                self._mirror.resize(*size)
            self._mirror.feed(data)
            if self._mirror.is_open:
                return
            self._pace.drawn()
            self._has_news = True
            self._state.notify()

    def close(self) -> None:
        """Send what is left. A terminal that takes nothing does not hold up the end."""
        with self._state:
            self._is_closing = True
            self._state.notify()
        if self._sender is not None:
            self._sender.join(_LAST_WORDS_S + 1)
            self._sender = None
        super().close()

    def _send(self) -> None:
        fd = self._own_output()
        while True:
            data, is_last = self._next_frame()
            try:
                if not self._put(fd, data) or is_last:
                    break
            except OSError:
                # The terminal is gone; Textual learns of it by its input.
                break
        os.close(fd)

    def _next_frame(self) -> tuple[bytes, bool]:
        """Wait until a frame may go; return it, and whether it is the last."""
        now = self._loop.time
        with self._state:
            while not self._is_closing:
                wait_s = self._pace.wait_s(now()) if self._has_news else None
                if wait_s == 0:
                    break
                self._state.wait(wait_s)
            self._has_news = False
            self._pace.sent(now())
            return self._mirror.take().encode(errors="replace"), self._is_closing

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
            elif self._is_closing:
                waited_s += _LOOK_S
                if waited_s >= _LAST_WORDS_S:
                    return False
        return True
