"""The one way to print a figure: what it is, ours, what it is compared with, the goal, and whether it is reached."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

_WIDTHS = (52, 18, 66, 34)
_HEADINGS = ("figure", "cronsole", "others", "goal")


class Row(msgspec.Struct, frozen=True):
    """One figure. `is_reached` is None where there is nothing to reach, or where it could not be measured."""

    figure: str
    ours: str
    others: str = ""
    goal: str = ""
    is_reached: bool | None = None

    @property
    def verdict(self) -> str:
        if self.is_reached is None:
            return ""
        return "ok" if self.is_reached else "over"


Rows: TypeAlias = Callable[[bool], Iterator[Row]]


class Unmeasurable(Exception):
    """A figure that this machine cannot tell; the sentence says what it lacks."""


def print_headings() -> None:
    print(_line(_HEADINGS, ""))
    print("─" * (sum(_WIDTHS) + 4))


def print_rows(rows: Iterable[Row]) -> list[Row]:
    """Print each row as soon as it is measured, and return them all."""
    printed = []
    try:
        for row in rows:
            print(_line((row.figure, row.ours, row.others, row.goal), row.verdict), flush=True)
            printed.append(row)
    except Unmeasurable as reason:
        print(f"{reason}", flush=True)
    return printed


def main(rows: Rows) -> None:
    """Print the rows of one script: `--quick` measures less of each."""
    print_headings()
    print_rows(rows("--quick" in sys.argv))


def _line(cells: Iterable[str], verdict: str) -> str:
    return "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)) + verdict
