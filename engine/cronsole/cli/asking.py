"""Asks the person at the terminal before something wide is done; a program has to have said yes beforehand."""

import sys
from typing import Final

from cronsole.cli import render

_YES: Final = frozenset({"y", "yes"})
_NO: Final = frozenset({"n", "no"})


def can_ask() -> bool:
    """Return whether somebody sees a question and can answer it."""
    streams = (sys.stdin, sys.stderr)
    return all(stream is not None and stream.isatty() for stream in streams)


def ask(question: str, *, default: bool = False) -> bool:
    """Return the answer to a question; the default where it is empty or never comes."""
    choices = "[Y/n]" if default else "[y/N]"
    while True:
        render.prompt(f"{question} {choices} ")
        line = sys.stdin.readline()
        word = line.strip().lower()
        if not line:
            # The terminal was closed, or ctrl-d was pressed: its line is still open.
            render.err("")
            return default
        if not word:
            return default
        if word in _YES | _NO:
            return word in _YES
