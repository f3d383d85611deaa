"""Every screen and dialog as text, at three sizes, against what was agreed on.

`CRONSOLE_GOLDEN=write` takes what is seen now for what is agreed on.
"""

import os
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from difflib import unified_diff
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from tests.runtime.house import schedule, shell
from tests.tui import plugin_stage
from tests.tui.stage import Stage, past_run, stage

from cronsole.model.ask import PauseAsk, Selection
from cronsole.model.instant import HOUR, MINUTE, SECOND, from_iso
from cronsole.model.policy import Overlap
from cronsole.model.run import Run, RunState, SkipReason
from cronsole.model.schedule import Schedule
from cronsole_tui.screens.frame import Frame
from cronsole_tui.screens.schedules import SchedulesScreen

GOLDEN = Path(__file__).parent / "golden"
NOW = from_iso("2026-11-20T00:00:00.500Z")
MIDNIGHT = NOW - 500
SIZES = ((80, 24), (120, 36), (200, 60))

# What differs from one engine to the next: ids of runs and nodes, processes and people, versions, paths.
_MASKS = (
    (re.compile(r"(?<=/tmp/plugins-)\w{8}"), "x"),
    (re.compile(r"\b[0-9a-f]{20,}\b"), "r"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "n"),
    (re.compile(r"(?<=live )\d+(?=ms)"), "0"),
    (re.compile(r"(?<= )\d+\.\d+\.\d+\S*"), "v"),
)
_PEOPLE = re.compile(r"uid \d+( \([^)\n]*\))?")
_PROCESS = re.compile(r"(?<=   runs as       )[^\n]*")
_PATHS = re.compile(r"/[^ \n]*(test_|pytest-)[^ \n]*")


def fleet() -> list[Schedule]:
    """Sixteen schedules of which each has something to show."""
    return [
        schedule(
            "cache-warm",
            "*/10 * * * *",
            shell("false"),
            description="warm edge cache for top 100 pages",
            tags=("web",),
        ),
        schedule("daily/report", "0 0 * * *", description="what yesterday came to", tags=("report",)),
        schedule("db/backup", "*/20 * * * *", description="dump and copy to the vault", tags=("db",)),
        schedule("db/vacuum", "0 3 * * *", description="reclaim what is dead", tags=("db",)),
        schedule(
            "etl/sync", "5 3 * * *", timezone="America/New_York", description="the other side of the sea"
        ),
        schedule("gc", "*/5 * * * *", description="collect garbage"),
        schedule("mail/digest", "0 6 * * mon", timezone="Europe/Berlin", description="the week in one mail"),
        schedule("many/runs", "0 0 1 1 *", shell("sleep 600"), overlap=Overlap.ALLOW, max_parallel=3),
        schedule("search/reindex", "30 3 * * *", description="index anew", tags=("search",)),
        schedule("shop/日本", "0 3 * * *", description="wide characters keep the columns straight"),
        schedule("slow/export", "15 * * * *", description="takes longer each time"),
        schedule(
            "tokens/[bold]refresh[/]", "0 * * * *", description="[red]markup[/red] is text, \x1b[2J too"
        ),
    ]


def history() -> list[Run]:
    """Half a day of it: one that fails, one that recovered, one that grows slower, one that was skipped."""
    runs = [past_run("gc", MIDNIGHT - number * 5 * MINUTE, took_ms=200 + number) for number in range(30)]
    for number in range(12):
        is_bad = number < 2 or number == 7
        state = RunState.FAILED if is_bad else RunState.SUCCEEDED
        output = "GET /top/42\n504 Gateway Timeout\nwarm: 3 of 100 pages failed\n" if is_bad else "warm\n"
        runs.append(
            past_run(
                "cache-warm",
                MIDNIGHT - number * 10 * MINUTE,
                state,
                took_ms=3_100,
                exit_code=1 if is_bad else 0,
                output=output,
            )
        )
    for number in range(12):
        state = RunState.FAILED if number == 4 else RunState.SUCCEEDED
        runs.append(
            past_run(
                "db/backup",
                MIDNIGHT - number * 20 * MINUTE,
                state,
                took_ms=40 * SECOND + number,
                output="copied\n",
            )
        )
        runs.append(
            past_run(
                "slow/export",
                MIDNIGHT - number * HOUR - 45 * MINUTE,
                took_ms=max(2, 20 - 2 * number) * SECOND,
            )
        )
    skipped = past_run("tokens/[bold]refresh[/]", MIDNIGHT, RunState.SKIPPED)
    runs.append(
        msgspec.structs.replace(
            skipped, reason=SkipReason.PAUSED, started_at=None, detail="paused by ops: no tapes"
        )
    )
    return runs


@asynccontextmanager
async def opened(folder: Path, size: tuple[int, int], *, ascii_only: bool = False) -> AsyncIterator[Stage]:
    """Open the console where two runs are under way, one schedule is paused, and both were done by somebody."""
    async with stage(folder, fleet(), history(), size=size, ascii_only=ascii_only) as console:
        client = console.app.scene.client("ops@web-1")
        await client.pause(PauseAsk(reason="maintenance", select=Selection(ids=("mail/digest",))))
        for _ in range(2):
            await client.trigger("many/runs")
        await console.until("0:00 ×2")
        # Where it is not on the screen, it is at its end.
        await console.press("G")
        await console.until("paused 0s")
        await home(console)
        yield console


async def do(console: Stage, steps: Iterable[str]) -> None:
    """Press keys; what begins with `/` is typed, letter for letter."""
    for is_key, group in groupby(steps, lambda step: not step.startswith(("/", "wait:"))):
        if is_key:
            await console.press(*group)
            continue
        for step in group:
            if step.startswith("/"):
                await console.type(step)
            else:
                await console.until(step.removeprefix("wait:"))


async def home(console: Stage) -> None:
    """Go back to the home view, with nothing filtered and the cursor on top."""
    app = console.app
    while not isinstance(app.screen, Frame):
        app.screen.dismiss(None)
        await console.pilot.pause()
    app.clear_notifications()
    app.screen.do_back()
    app.show_view(0)
    await console.pilot.pause()
    assert isinstance(app.screen, SchedulesScreen)
    app.screen.do_back()
    app.screen.do_top()
    # The panel waits for the hand to rest, and here there is no hand.
    app.screen._ask()
    await console.rest()


def _covered(letter: str, found: re.Match[str]) -> str:
    return letter * len(found.group())


def masked(text: str) -> str:
    """Return the text with what is never the same replaced, letter for letter where that keeps the columns."""
    for pattern, letter in _MASKS:
        text = pattern.sub(partial(_covered, letter), text)
    text = _PATHS.sub("PATH", _PEOPLE.sub("somebody", _PROCESS.sub("a process", text)))
    return "\n".join(line.rstrip() for line in text.split("\n")) + "\n"


def compared(console: Stage, name: str, size: tuple[int, int]) -> list[str]:
    """Return how a picture differs from what was agreed on, or take it for that."""
    path = GOLDEN / f"{size[0]}x{size[1]}" / f"{name}.txt"
    text = masked(console.screen)
    if os.environ.get("CRONSOLE_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    agreed = path.read_text() if path.exists() else ""
    label = f"{path.parent.name}/{path.name}"
    return list(
        unified_diff(agreed.splitlines(), text.splitlines(), f"agreed {label}", f"seen {label}", lineterm="")
    )


# How one gets to each picture from the home view, and what is to be taken back before going home.
PICTURES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "home": ((), ()),
    "home-filtered": (("/#db", "enter"), ()),
    "home-filter-typed": (("/state:fialed",), ()),
    "home-nothing-found": (("/nowhere", "enter"), ()),
    "home-by-name-reversed": (("s", "S"), ("S", "s", "s", "s", "s")),
    "home-marked": (("/#db", "enter", "asterisk"), ("asterisk",)),
    "panel-zoomed": (("plus",), ("plus", "plus")),
    "panel-hidden": (("plus", "plus"), ("plus",)),
    "timeline": (("2",), ()),
    "timeline-of-days": (("2", "minus", "minus", "minus", "minus"), ("plus", "plus", "plus", "plus")),
    "timeline-worst": (("2", "m", "wait:what starts at"), ("0",)),
    "week": (("2", "H", "wait:in all"), ()),
    "week-of-failures": (("2", "H", "H", "wait:failures in all"), ()),
    "runs": (("3",), ()),
    "runs-filtered": (("3", "f"), ()),
    "run": (("3", "f", "enter", "wait:output"), ()),
    "log": (("L", "wait:all of it"), ()),
    "schedule": (("enter", "wait:gates"), ()),
    "why": (("w", "wait:ledger"), ()),
    "form-trigger": (("T", "wait:payload"), ()),
    "form-pause": (("P", "wait:until"), ()),
    "form-backfill": (("b", "wait:since"), ()),
    "form-new": (("n", "wait:command"), ()),
    "form-fault": (("n", "wait:command", "enter"), ()),
    "pick": (("/many", "enter", "x", "wait:Stop which run?"), ()),
    "confirm": (("/#db", "enter", "asterisk", "p", "wait:Pause 2"), ("escape", "asterisk")),
    "confirm-delete": (("D", "wait:Delete"), ()),
    "plan": (("R", "wait:reload"), ()),
    "palette": (("colon",), ()),
    "palette-typed": (("colon", "r", "e"), ()),
    "help": (("question_mark",), ()),
    "help-of-the-timeline": (("2", "question_mark"), ()),
    "events": (("6",), ()),
    "audit": (("6", "a", "wait:pause mail"), ("a",)),
    "monitors": (("4",), ()),
    "nodes": (("5",), ()),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_looks_as_it_was_agreed(tmp_path: Path, size: tuple[int, int]) -> None:
    differing: list[str] = []
    async with opened(tmp_path, size) as console:
        console.house.define(*fleet()[1:], schedule("new/one", "0 4 * * *"))
        for name, (steps, undone) in PICTURES.items():
            await do(console, steps)
            differing += compared(console, name, size)
            await do(console, undone)
            await home(console)
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_lost_engine_looks_as_it_was_agreed(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size) as console:
        await console.door.close()
        await console.until("lost")
        await console.until("no engine answers")
        differing = compared(console, "disconnected", size)
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_an_engine_without_schedules_looks_as_it_was_agreed(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with stage(tmp_path, size=size) as console:
        await console.until("No schedules.")
        differing = compared(console, "empty", size)
        await console.press("i")
        await console.until("No plugins.")
        differing += compared(console, "plugins-empty", size)
    assert not differing, "\n".join(differing)


# How one gets to each picture from the plugins' view.
PLUGINS: dict[str, tuple[str, ...]] = {
    "plugins": ("wait:no_such_module",),
    "plugins-circuit": ("j", "wait:circuit open until"),
    "plugin-commands": ("j", "t", "wait:Call which"),
    "plugin-call": ("j", "t", "wait:Call which", "1", "wait:payload"),
    "plugin-failed": ("enter", "wait:remembers"),
    "plugin": ("j", "enter", "wait:remembers"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_plugins_look_as_it_was_agreed(tmp_path: Path, size: tuple[int, int]) -> None:
    differing: list[str] = []
    # A path that is always as long, for it is shown against the right edge.
    with TemporaryDirectory(prefix="plugins-", dir="/tmp") as plugins:
        async with plugin_stage.opened(tmp_path, Path(plugins), size=size) as console:
            await plugin_stage.fail(console)
            for name, steps in PLUGINS.items():
                console.app.show_plugins()
                await do(console, ("g", *steps))
                if size[0] >= 160:
                    # Beside the table is all of the page.
                    await console.until("remembers")
                differing += compared(console, name, size)
                await home(console)
    assert not differing, "\n".join(differing)


async def test_a_terminal_that_is_too_small_is_told_so_and_comes_back(tmp_path: Path) -> None:
    async with opened(tmp_path, (120, 36)) as console:
        await console.pilot.resize_terminal(50, 12)
        await console.rest()
        differing = compared(console, "too-small", (50, 12))
        await console.pilot.resize_terminal(120, 36)
        await console.rest()
        assert "cache-warm" in console.screen
    assert not differing, "\n".join(differing)


async def test_without_unicode_the_whole_of_it_is_ascii(tmp_path: Path) -> None:
    async with opened(tmp_path, (120, 36), ascii_only=True) as console:
        differing = compared(console, "home-ascii", (120, 36))
        shown = [line for line in console.screen.split("\n") if "日本" not in line]
        assert all(line.replace("×", "x").replace("…", "...").isascii() for line in shown)
    assert not differing, "\n".join(differing)


def test_nothing_is_agreed_on_that_no_picture_shows() -> None:
    named = {*PICTURES, *PLUGINS, "disconnected", "empty", "plugins-empty", "too-small", "home-ascii"}
    assert {path.stem for path in GOLDEN.glob("*/*.txt")} <= named
