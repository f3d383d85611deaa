"""What a person does in the first five minutes, in a real terminal and against a real engine."""

import shlex
from pathlib import Path

from tests.e2e.conftest import Laying
from tests.e2e.place import Place
from tests.e2e.terminal import ENTER, ESCAPE, Terminal


def tasks(gate: Path) -> str:
    return f"""
[[tasks]]
id = "db/backup"
cron = "0 3 * * *"
command = "echo first line; until test -e {shlex.quote(str(gate))}; do sleep 0.02; done; echo last line"
description = "copies everything"
tags = ["db"]

[[tasks]]
id = "mail/digest"
cron = "0 4 * * *"
command = "echo a digest"
tags = ["mail"]
"""


def opened(lay: Laying) -> tuple[Place, Terminal, Path]:
    place = lay("")
    gate = place.folder / "gate"
    place.config.write_text(place.config.read_text() + tasks(gate))
    terminal = place.show("run", str(place.config))
    terminal.wait_for("db/backup", "mail/digest", "● live")
    return place, terminal, gate


def test_filter_trigger_follow_pause_resume_quit_and_stop_the_engine(lay: Laying) -> None:
    place, terminal, gate = opened(lay)
    terminal.press("/back")
    terminal.wait_for("1 of 2")
    terminal.wait_until_gone("mail/digest")
    terminal.press(ENTER)
    terminal.wait_for("sorted by", "1 of 2")
    terminal.press("f")
    terminal.wait_for("running", "first line", "following")
    gate.touch()
    terminal.wait_for("first line", "last line", "all of it", "✓ ok")
    terminal.press(ESCAPE)
    terminal.wait_for("/ filter", "1 of 2", "ok ")

    terminal.press("P")
    terminal.wait_for("Pause: db/backup", "who reads this")
    terminal.press("\t")
    terminal.look(5)
    terminal.press("no tapes", ENTER)
    terminal.until(lambda _: "paused" in terminal.line_with(" db/backup "), "a paused backup")
    (view,) = [view for view in place.json("list")[0]["items"] if view["id"] == "db/backup"]
    assert view["pause"]["reason"] == "no tapes"
    terminal.press("p")
    terminal.until(lambda _: "paused" not in terminal.line_with(" db/backup "), "a resumed backup")
    terminal.press(ESCAPE)
    terminal.wait_for("mail/digest")

    terminal.press("q")
    terminal.wait_for("leave the engine running? [Y/n]")
    assert terminal.disorder == []
    terminal.press("n", ENTER)
    assert terminal.end() == 0
    assert terminal.disorder == []
    assert place.processes() == []


def test_an_engine_that_may_stay_is_found_again(lay: Laying) -> None:
    place, terminal, gate = opened(lay)
    gate.touch()
    terminal.press("t")
    terminal.until(lambda _: "ok" in terminal.line_with(" db/backup "), "a run that ended well")
    terminal.press("q")
    terminal.wait_for("leave the engine running?")
    terminal.press(ENTER)
    assert terminal.end() == 0

    again = place.show("run", str(place.config))
    again.wait_for("db/backup", "● live")
    again.until(lambda _: "ok" in again.line_with(" db/backup "), "the run of before")
    again.press("q")
    assert again.end() == 0
    assert "leave the engine" not in again.text
    assert place.json("list")


def test_every_view_opens_and_comes_back(lay: Laying) -> None:
    _, terminal, gate = opened(lay)
    gate.touch()
    terminal.press("t")
    terminal.until(lambda _: "ok" in terminal.line_with(" db/backup "), "a run that ended well")
    for key, text in (
        ("2", "db/backup"),
        ("3", "STATE"),
        ("4", "No monitors"),
        ("5", "NODE"),
        ("6", "db/backup"),
        ("1", "TOOK"),
    ):
        terminal.press(key)
        terminal.wait_for(text)
    for key, text in (
        (ENTER, "esc back"),
        ("w", "esc back"),
        ("?", "sort by the next"),
        (":", "a verb, a schedule"),
    ):
        terminal.press(key)
        terminal.wait_for(text)
        terminal.press(ESCAPE)
        terminal.wait_until_gone(text)
        terminal.wait_for("/ filter", "TOOK", "mail/digest")
    terminal.press("\x03")
    terminal.wait_for("leave the engine running?")
    terminal.press("n", ENTER)
    assert terminal.end() == 0
    assert terminal.disorder == []


def test_what_is_typed_faster_than_the_screen_changes_is_text_and_no_verb(lay: Laying) -> None:
    place, terminal, _ = opened(lay)
    terminal.press("/mail")
    terminal.wait_for("/ mail", "1 of 2")
    terminal.press(ESCAPE)
    terminal.wait_for("db/backup")
    terminal.press(":digest")
    terminal.wait_for("╭", "│ digest")
    terminal.until(lambda seen: "theme" not in seen, "the choices that hold the word")
    terminal.press(ESCAPE)
    terminal.wait_until_gone("╭")
    terminal.press("Pno tapes")
    terminal.wait_for("Pause: ", "until         no tapes")
    terminal.press(ESCAPE)
    assert place.json("runs") == [{"items": []}]
    assert all("pause" not in view for view in place.json("list")[0]["items"])


def test_escape_and_the_keys_right_after_it_are_all_obeyed(lay: Laying) -> None:
    _, terminal, _ = opened(lay)
    terminal.press("/mail", ENTER)
    terminal.wait_for("1 of 2")
    terminal.press(f"{ESCAPE}2")
    terminal.wait_for("the next ten minutes")
    terminal.press("1")
    terminal.wait_for("all 2")


def test_a_form_is_opened_filled_and_submitted_in_one_burst(lay: Laying) -> None:
    place, terminal, _ = opened(lay)
    terminal.press(f"P2h\tno tapes{ENTER}")
    terminal.wait_for("paused")
    (pause,) = [view["pause"] for view in place.json("list")[0]["items"] if "pause" in view]
    assert pause["reason"] == "no tapes"
    assert pause["until"]


def test_what_another_program_wrote_over_the_screen_goes_when_it_is_drawn_anew(lay: Laying) -> None:
    _, terminal, _ = opened(lay)
    for key, text in (("", "db/backup"), ("P", "who reads this"), (ESCAPE, "TOOK")):
        terminal.press(*key)
        terminal.wait_for(text, "mail/digest")
        terminal.screen.erase_in_display(2)
        terminal.press("\x0c")
        terminal.wait_for(text, "mail/digest", "cronsole", "sorted by")


def test_two_consoles_see_what_either_does(lay: Laying) -> None:
    place, one, _ = opened(lay)
    other = place.show("attach")
    other.wait_for("db/backup", "● live")
    other.press("p")
    one.until(lambda _: "paused" in one.line_with(" db/backup "), "a backup that another console paused")
    for terminal in (other, one):
        terminal.press("q")
    assert other.end() == 0
    one.wait_for("leave the engine running?")
    one.press("n", ENTER)
    assert one.end() == 0
