"""Several engines in one table, some of them down: those that answer are shown, the others told and asked again."""

from tests.e2e.conftest import Laying

TASKS = """
[[tasks]]
id = "{name}"
every = "100d"
command = "true"
"""


def test_a_host_that_is_down_at_the_start_is_told_and_comes_when_it_is_up(lay: Laying) -> None:
    near, far = lay(TASKS.format(name="near/steady")), lay(TASKS.format(name="far/steady"))
    near.start_engine()
    terminal = near.show("attach", f"unix:{far.state}/cronsole.sock", f"unix:{near.state}/cronsole.sock")
    terminal.wait_for("near/steady", "● live", "unreachable", "no engine answers at")
    far.start_engine()
    terminal.wait_for("far/steady", "near/steady")
    terminal.wait_until_gone("unreachable")
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.disorder == []


def test_where_none_of_several_hosts_answers_each_is_told_and_the_screen_is_not_taken(lay: Laying) -> None:
    place = lay(TASKS.format(name="steady"))
    terminal = place.show("attach", f"unix:{place.folder}/one.sock", f"unix:{place.folder}/two.sock")
    assert terminal.end() == 3
    assert b"\x1b[?1049h" not in terminal.data
    assert "one.sock" in terminal.text
    assert "two.sock" in terminal.text


def test_a_target_that_cannot_be_meant_is_told_though_others_answer(lay: Laying) -> None:
    place = lay(TASKS.format(name="steady"))
    place.start_engine()
    terminal = place.show("attach", f"unix:{place.state}/cronsole.sock", "shh://web-1")
    assert terminal.end() == 1
    assert b"\x1b[?1049h" not in terminal.data
    assert "shh://web-1" in terminal.text
