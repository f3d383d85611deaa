"""Takes the pictures: `python -m screenshots.capture`."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.tui.stage import stage

from cronsole.model.ask import PauseAsk, Selection
from cronsole.model.instant import from_iso, to_datetime
from screenshots.fleet import OPENED_AT, PICTURED_AFTER_S, history, schedules
from screenshots.picture import svg

FOLDER: Final = Path(__file__).parent
_WIDTH: Final = 120


class Scene(NamedTuple):
    """What a picture shows, the keys that lead there from the home view, what is to be seen then, and its height."""

    title: str
    keys: tuple[str, ...]
    shown: str
    lines: int = 30


SCENES: Final[Mapping[str, Scene]] = {
    "home": Scene(
        "The schedules, the most urgent first, and what is known of the one at the cursor",
        (),
        "warm: 3 of",
        34,
    ),
    "confirm": Scene(
        "Pausing a group of schedules: what that skips is said first",
        (*"/#db", "enter", "*", "p"),
        "y yes",
        22,
    ),
    "schedule": Scene("Everything about one schedule", ("enter",), "usually", 52),
    "log": Scene("The output of the run that failed", ("L",), "all of it", 18),
    "why": Scene("Why a schedule will not run, step by step", (*"/price", "enter", "w"), "slots before", 34),
    "timeline": Scene("What ran and what will, on one axis", ("2",), "the next ten minutes", 34),
    "week": Scene("How much is planned in each hour of the week", ("2", "H"), "fires in all", 27),
}
_KEYS: Final = {"/": "slash", "#": "number_sign", "*": "asterisk"}


async def picture(folder: Path, scene: Scene) -> str:
    """Return a picture; the state of its engine is kept in a folder for that long."""
    fleet = schedules()
    async with stage(folder, fleet, history(fleet), size=(_WIDTH, scene.lines), at=OPENED_AT) as seen:
        client = seen.app.scene.client("ops@web-1")
        await client.pause(PauseAsk(reason="the CRM moves house", select=Selection(ids=("crm/sync",))))
        await seen.seconds(PICTURED_AFTER_S)
        until = to_datetime(from_iso("2026-11-20T06:00:00Z"))
        await client.pause(
            PauseAsk(until=until, reason="index rebuild", select=Selection(ids=("db/vacuum",)))
        )
        # An answer during which no time has passed is one that was asked for after the clock had stopped.
        for told in ("2 running", "2 paused", "live 0ms"):
            await seen.until(told)
        for key in scene.keys:
            await seen.press(_KEYS.get(key, key))
            # What is behind a question stays as it was when that was asked.
            await seen.seconds(0)
        await seen.until(scene.shown)
        await seen.rest()
        return svg(seen.app.screen._compositor.render_strips(), scene.title)


def take(name: str) -> str:
    """Return a picture by its name."""
    # As on a terminal with colours, whatever this one is.
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(picture(Path(folder), SCENES[name]))


def main() -> None:
    """Write the pictures beside this file."""
    for name in SCENES:
        (FOLDER / f"{name}.svg").write_text(take(name), encoding="utf-8")


if __name__ == "__main__":
    main()
