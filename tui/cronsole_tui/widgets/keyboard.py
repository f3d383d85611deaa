"""What comes in from a terminal, read so that escape and a key right after it are two keys.

Terminals write alt and a key as escape and that key, and Textual takes what comes within a tenth of a second for that:
over a slow line, or typed fast, `esc` `j` would be neither. The console binds nothing to alt, so here it is always two.
"""

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from textual import events
from textual._parser import ParseError
from textual._time import get_time
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.message import Message

_ESCAPE: Final = "\x1b"
# What may follow an escape in a sequence that a terminal sends for a key, the mouse, or an answer.
_INTRODUCERS: Final = "[O"
# What terminals send for moving and deleting by words, which only a field of text knows.
_OF_WORDS: Final = "bf\x7f"
# Longer than an escape and one key it is a sequence, which a slow line may bring in pieces; no person types it.
_PATIENCE_S: Final = 1.0
_PIECE_BYTES: Final = 4096
_LOOK_S: Final = 0.1


class Keyboard(XTermParser):
    """The parser of Textual, told of an escape key before it can take it for the beginning of another."""

    def __init__(self, *, is_typing: Callable[[], bool] = lambda: False, debug: bool = False) -> None:
        super().__init__(debug)
        self._is_typing = is_typing
        self._open = self._held = ""
        self._is_pasting = False

    @property
    def wait_s(self) -> float | None:
        """How long until what is open has waited for its end in vain; None where nothing is open."""
        return None if self._timeout_time is None else max(0.0, self._timeout_time - get_time())

    def feed(self, data: str) -> Iterable[Message]:
        if not data:
            yield from super().feed(data)
            return
        for character in data:
            if self._is_pasting:
                yield from super().feed(text) if (text := self._pasted(character)) else ()
                continue
            if self._is_complete_before(character):
                self._timeout_time = get_time() - _PATIENCE_S
                yield from self.tick()
            yield from super().feed(character)
            self._note(character)

    def tick(self) -> Iterable[Message]:
        opened = self._open
        if len(opened) > 2 and self._timeout_time and get_time() < self._timeout_time + _PATIENCE_S:
            return
        found = list(super().tick())
        if self._awaiting.timeout is None:
            self._open = ""
            if len(opened) == 2:
                # Textual makes it one key with alt, or leaves the escape out.
                found = [events.Key("escape", _ESCAPE), *self._sequence_to_key_events(opened[1])]
        yield from found

    def _pasted(self, character: str) -> str:
        """Return what of a paste goes on: no escape but that of its end, for Textual would make keys of the others."""
        held, self._held = self._held + character, ""
        if held == BRACKETED_PASTE_END:
            self._is_pasting = False
            return held
        if BRACKETED_PASTE_END.startswith(held):
            self._held = held
            return ""
        self._held = _ESCAPE if character == _ESCAPE else ""
        return held.replace(_ESCAPE, "")

    def _is_complete_before(self, character: str) -> bool:
        """Tell whether what is open ends here, though it would be a sequence of some kind together with what comes."""
        if not self._open:
            return False
        if self._open != _ESCAPE:
            return character == _ESCAPE
        if character in _OF_WORDS and self._is_typing():
            return False
        return character not in (*_INTRODUCERS, _ESCAPE)

    def _note(self, character: str) -> None:
        opened = character if character == _ESCAPE else self._open + character
        self._is_pasting = opened == BRACKETED_PASTE_START
        self._open = "" if self._awaiting.timeout is None else opened


def listen(
    fd: int, keyboard: Keyboard, hand_over: Callable[[Message], object], *, is_over: Callable[[], bool]
) -> None:
    """Hand over what comes in from a terminal, until it is over or the terminal is gone."""
    decode = getincrementaldecoder("utf-8")("replace").decode
    with selectors.SelectSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while not is_over():
            wait_s = keyboard.wait_s
            if selector.select(_LOOK_S if wait_s is None else min(_LOOK_S, wait_s)):
                data = os.read(fd, _PIECE_BYTES)
                if not data:
                    # The line is cut, and is read as empty from now on. Textual may have started another that reads
                    # on it: with SIGHUP comes a SIGCONT, which it takes for the end of a stop.
                    return
                text = decode(data)
                for event in keyboard.feed(text) if text else ():
                    hand_over(event)
            for event in keyboard.tick():
                hand_over(event)
    # What was open is nothing any more.
    with suppress(EOFError, ParseError):
        list(keyboard.feed(""))
