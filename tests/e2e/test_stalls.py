"""A terminal that takes nothing: the engine runs on time, and the console neither grows nor holds anything up."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.e2e.conftest import Laying
from tests.e2e.place import Place
from tests.e2e.terminal import Terminal

TASKS = "".join(
    f'\n[[tasks]]\nid = "beat-{number:02}"\nevery = "1s"\ncommand = "echo $CRONSOLE_RUN_ID"\n'
    for number in range(40)
)
# So much later than without a stall a run may begin, on a machine that has other work too.
SLACK = 3
SLACK_MS = 500


@pytest.fixture
def stall_s(request: pytest.FixtureRequest) -> float:
    return float(getattr(request, "param", 5.0))


def memory_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def lateness_ms(place: Place, since: datetime) -> Iterator[float]:
    """Yield how late each run of the ledger began that was due after a moment."""
    (page,) = place.json("runs", "--limit", "1000")
    for run in page["items"]:
        if run.get("started_at"):
            due, began = (datetime.fromisoformat(run[name]) for name in ("due_at", "started_at"))
            if due >= since:
                yield (began - due).total_seconds() * 1000


@pytest.mark.parametrize(
    "stall_s", [5.0, pytest.param(30.0, marks=pytest.mark.battery)], indirect=True, ids=["short", "long"]
)
def test_a_terminal_that_takes_nothing_holds_up_neither_the_engine_nor_the_console(
    lay: Laying, stall_s: float
) -> None:
    place = lay(TASKS)
    place.start_engine()
    terminal = place.show("attach", width=200, height=60)
    terminal.wait_for("beat-39", "live")
    terminal.until(lambda seen: seen.count(" ok ") > 20, "runs that ended")
    terminal.press("6")
    terminal.wait_for("WHAT")
    usual = sorted(lateness_ms(place, datetime.min.replace(tzinfo=UTC)))
    begun = datetime.now(UTC)
    before = memory_kb(terminal.process.pid)
    # The one thing that has to take its time: nobody reads meanwhile, and keys make frames.
    ends = time.monotonic() + stall_s
    while time.monotonic() < ends:
        terminal.press("1", "j", "6")
        time.sleep(0.25)
    grown = memory_kb(terminal.process.pid) - before
    late = sorted(lateness_ms(place, begun))
    assert len(late) > 40
    assert p99(late) <= SLACK * p99(usual) + SLACK_MS
    assert grown < 30_000
    terminal.press("1")
    terminal.wait_for("beat-", "TOOK", "live")
    quit_(terminal)


def p99(sorted_ms: list[float]) -> float:
    return sorted_ms[len(sorted_ms) * 99 // 100]


def quit_(terminal: Terminal) -> None:
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_console_whose_terminal_takes_nothing_ends_all_the_same(
    lay: Laying, number: signal.Signals
) -> None:
    place = lay(TASKS)
    place.start_engine()
    terminal = place.show("attach", width=200, height=60)
    terminal.wait_for("beat-39", "live")
    fill(terminal)
    pidfd = os.pidfd_open(terminal.process.pid)
    terminal.signal(number)
    assert terminal.process.wait(30) == 128 + number
    os.close(pidfd)
    assert not terminal.is_raw


def fill(terminal: Terminal) -> None:
    """Make frames until the kernel holds all that it will."""
    held = -1
    while held != (held := terminal.unread):
        for _ in range(20):
            terminal.press("6", "2", "1")
            time.sleep(0.02)
