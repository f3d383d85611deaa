"""Which columns a table of a given width has, and how wide each is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cronsole_tui.views.line import Line, Span, Tone, cell


class Column(NamedTuple):
    """`from_width` is the width of the table from which on it is shown; `share` parts what is left over."""

    name: str
    title: str
    cells: int
    from_width: int = 0
    share: int = 0


class Placed(NamedTuple):
    """A column with the width that it gets."""

    name: str
    title: str
    cells: int


def place(
    columns: Sequence[Column],
    width: int,
    *,
    without: frozenset[str] = frozenset(),
    wishes: Mapping[str, int] | None = None,
) -> tuple[Placed, ...]:
    """Return the columns that a width has room for; what is left over goes to those with a share in it.

    `wishes` says how wide the content of some is: what one of them has too much goes to one that has too little.
    """
    chosen = [column for column in columns if width >= column.from_width and column.name not in without]
    while sum(column.cells for column in chosen) > width and (late := _latest(chosen)):
        chosen.remove(late)
    left = width - sum(column.cells for column in chosen)
    shares = sum(column.share for column in chosen)
    placed: list[Placed] = []
    for column in chosen:
        extra = left * column.share // shares if shares and left > 0 else 0
        left, shares = left - extra, shares - column.share
        placed.append(Placed(column.name, column.title, column.cells + extra))
    return tuple(_traded(placed, wishes or {}))


def _traded(placed: Sequence[Placed], wishes: Mapping[str, int]) -> list[Placed]:
    lacks = {column.name: wishes.get(column.name, column.cells) - column.cells for column in placed}
    traded = min(sum(max(0, lack) for lack in lacks.values()), sum(max(0, -lack) for lack in lacks.values()))
    given = taken = traded
    found: list[Placed] = []
    for column in placed:
        lack = lacks[column.name]
        gain, loss = min(max(0, lack), given), min(max(0, -lack), taken)
        given, taken = given - gain, taken - loss
        found.append(column._replace(cells=column.cells + gain - loss))
    return found


def _latest(columns: Sequence[Column]) -> Column | None:
    """Return the column that comes in last as a table grows: the first to go where there is no room after all."""
    found = max(columns, key=lambda column: column.from_width)
    return found if found.from_width else None


def header(placed: Sequence[Placed], *, sorted_by: str = "", descending: bool = False) -> Line:
    """Return the line of titles; the one that the table is sorted by bears an arrow."""
    spans: list[Span] = []
    for column in placed:
        arrow = ("↓" if descending else "↑") if column.name == sorted_by else ""
        spans.append(cell(Span(column.title + arrow, Tone.FAINT), column.cells))
    return tuple(spans)
