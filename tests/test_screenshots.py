"""The pictures in README and docs show the console as it is; `make screenshots` takes them anew."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from screenshots.capture import FOLDER, SCENES, take
from screenshots.picture import pieces, substance, svg

REPOSITORY = Path(__file__).parent.parent
LARGEST = 40_000


@pytest.mark.parametrize("name", SCENES)
def test_a_picture_shows_the_console_as_it_is(name: str):
    kept = substance((FOLDER / f"{name}.svg").read_text())
    assert substance(take(name)) == kept, "take the pictures anew with `make screenshots`"


@pytest.mark.parametrize("name", SCENES)
def test_a_picture_is_small_sound_and_fetches_nothing(name: str):
    text = (FOLDER / f"{name}.svg").read_text()
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") == SCENES[name].title
    assert len(text) < LARGEST
    assert not re.search(r"href|@import|url\(|<image|<script", text)
    assert re.findall(r"https?://[^\s\"<]+", text.replace("https://shop.example/", "")) == [
        "http://www.w3.org/2000/svg"
    ]


def test_there_is_no_picture_that_nobody_takes():
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(SCENES)


def test_every_picture_is_shown_somewhere():
    pages = (REPOSITORY / "README.md").read_text() + (REPOSITORY / "docs" / "console.md").read_text()
    assert [name for name in SCENES if f"screenshots/{name}.svg" not in pages] == []


def test_each_piece_stands_in_its_cells():
    from rich.segment import Segment
    from rich.style import Style
    from textual.strip import Strip

    bad, cursor = Style.parse("bold color(209)"), Style.parse("on color(237)")
    strip = Strip([Segment("✗", bad), Segment(" db/backup  "), Segment("日本 ok", cursor)])
    assert [(piece.column, piece.classes, piece.text) for piece in pieces([strip])] == [
        (0, "f209 b", "✗"),
        (2, "", "db/backup"),
        (13, "p237", " " * 7),
        (13, "", "日"),
        (15, "", "本"),
        (18, "", "ok"),
    ]
    drawn = svg([strip], "a <strip>")
    assert ElementTree.fromstring(drawn).get("aria-label") == "a <strip>"
    assert substance(drawn)[0] == ("f209 b", "✗")
