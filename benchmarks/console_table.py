"""What the console's table costs a terminal: bytes while clocks tick, and bytes and time from a key to its repaint.

Measured in a pseudo-terminal of 120×36, beside the same table with Textual's own driver.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.pty_terminal import PtyTerminal, pty_terminal
from benchmarks.table import Row, main

_APP = Path(__file__).parents[1] / "tests" / "tui" / "widgets" / "apps" / "table_app.py"
GOAL_BUSY_BYTES = 1_000
GOAL_IDLE_BYTES = 200
GOAL_KEY_BYTES = 500
GOAL_KEY_MS = 16
GOAL_MANY_KEY_MS = 20
GOAL_MANY_START_S = 1.0
_MANY = 100_000


class _Keys(msgspec.Struct, frozen=True):
    """Of some keys, the bytes of the usual one and the time of the slowest but a few."""

    bytes_median: int
    ms_p95: float


def rows(quick: bool) -> Iterator[Row]:
    """Yield the rows for ticking clocks, for a key, and for many rows."""
    seconds, times = (4, 60) if quick else (20, 100)
    busy, plain = _ticking(seconds), _ticking(seconds, "--plain")
    yield _row("console's table, 128 countdowns, bytes/s", busy, plain, GOAL_BUSY_BYTES)
    yield _row(
        "the same with the clocks at rest, bytes/s", _ticking(seconds, "--still"), None, GOAL_IDLE_BYTES
    )
    ours, theirs = _keys("j", times), _keys("j", times, "--plain")
    yield _row("key j, clocks ticking, bytes", ours.bytes_median, theirs.bytes_median, GOAL_KEY_BYTES)
    yield _row("key j to its repaint, p95 ms", ours.ms_p95, theirs.ms_p95, GOAL_KEY_MS)
    scrolled = _keys("j", times, before="G" + "k" * 40 + "j" * 39)
    yield _row("key j that scrolls, bytes", scrolled.bytes_median, None, GOAL_KEY_BYTES)
    many = _keys("j", times, "--rows", str(_MANY))
    yield _row(f"key j in {_MANY:,} rows, p95 ms", many.ms_p95, None, GOAL_MANY_KEY_MS)
    ends = _keys("Gg", times, "--rows", str(_MANY))
    yield _row(f"to the end of {_MANY:,} rows and back, p95 ms", ends.ms_p95, None, GOAL_MANY_KEY_MS)
    yield _row(
        f"start with {_MANY:,} rows, s",
        _start_s("--rows", str(_MANY)),
        _start_s("--plain"),
        GOAL_MANY_START_S,
    )


def _row(figure: str, ours: float, theirs: float | None, goal: float) -> Row:
    others = "" if theirs is None else f"Textual's driver {_told(theirs)}"
    return Row(figure, _told(ours), others, f"≤ {goal:,}", ours <= goal)


def _told(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == 0 else f"{value:.2f}"


def _argv(*options: str) -> list[str]:
    return [sys.executable, str(_APP), *options]


def _ticking(seconds: int, *options: str) -> float:
    with pty_terminal(_argv(*options)) as terminal:
        terminal.hear(5, 0.5)
        return len(terminal.hear(seconds).data) / seconds


def _keys(keys: str, times: int, *options: str, before: str = "") -> _Keys:
    with pty_terminal(_argv(*options)) as terminal:
        terminal.hear(5, 0.5)
        for key in before:
            _answer(terminal, key)
        answers = [_answer(terminal, keys[index % len(keys)]) for index in range(times)]
    sizes, waits = sorted(size for size, _ in answers), sorted(wait for _, wait in answers)
    return _Keys(sizes[len(sizes) // 2], waits[int(len(waits) * 0.95)])


def _answer(terminal: PtyTerminal, key: str) -> tuple[int, float]:
    """Return the bytes that a key brings and the milliseconds until they are complete."""
    # So that the key falls anywhere between two ticks of the clocks.
    terminal.hear(0.17)
    terminal.press(key)
    heard = terminal.hear(1, 0.01)
    return len(heard.data), heard.last_s * 1000


def _start_s(*options: str) -> float:
    began = time.perf_counter()
    with pty_terminal(_argv(*options)) as terminal:
        terminal.hear_until(b"schedule-000010")
        return time.perf_counter() - began


if __name__ == "__main__":
    main(rows)
