import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.living import PATIENCE, Place, Terminal, wait_for_end

from cronsole.cli import asking, awaiting, run, screen
from cronsole.client.engine import EngineClient
from cronsole.clock import SystemClock
from cronsole.store.state_dir import StateDirectory

TASKS = """
[[tasks]]
id = "steady"
every = "100d"
command = "true"
tags = ["db"]

[[tasks]]
id = "other"
cron = "0 3 * * *"
command = "true"
tags = ["db"]
"""

Open = Callable[..., Terminal]
# It takes the alternate screen.
CONSOLE = "\x1b[?1049h"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path, TASKS)
    yield found
    said = found.call("attach", "--json")
    if said.code == 0:
        found.pid = said.json["pid"]
        found.stop()


@pytest.fixture
def show(place: Place) -> Iterator[Open]:
    opened: list[Terminal] = []

    def open_one(*words: str, **environ: str) -> Terminal:
        opened.append(place.open_terminal(*words, **environ))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def engine_pid(place: Place) -> int:
    said = place.call("attach", "--json")
    assert said.code == 0, said
    pid = said.json["pid"]
    assert isinstance(pid, int)
    return pid


def test_run_starts_an_engine_shows_it_and_asks_at_the_end_whether_it_stays(place: Place, show: Open):
    terminal = show("run", "jobs.toml")
    terminal.wait_for("steady")
    pidfd = os.pidfd_open(engine_pid(place))
    terminal.type("q")
    terminal.wait_for("leave the engine running? [Y/n]")
    terminal.type("n\n")
    assert terminal.end() == 0
    wait_for_end(pidfd)
    os.close(pidfd)
    assert place.call("attach", "--json").code == 3


@pytest.mark.parametrize("answer", ["y\n", "\n", "\x04"], ids=["yes", "enter", "ctrl-d"])
def test_an_engine_that_is_not_told_to_stop_goes_on(place: Place, show: Open, answer: str):
    terminal = show("run", "jobs.toml")
    terminal.wait_for("steady")
    pid = engine_pid(place)
    terminal.type("q")
    terminal.wait_for("leave the engine running? [Y/n]")
    terminal.type(answer)
    assert terminal.end() == 0
    assert f"kill {pid}" in terminal.seen
    assert engine_pid(place) == pid


def test_an_answer_that_is_none_is_asked_for_again(place: Place, show: Open):
    terminal = show("run", "jobs.toml")
    terminal.wait_for("steady")
    terminal.type("q")
    terminal.wait_for("[Y/n]")
    terminal.type("perhaps\n")
    terminal.wait_for("[Y/n]")
    terminal.type("NO\n")
    assert terminal.end() == 0
    assert place.call("attach", "--json").code == 3


@pytest.mark.parametrize(("option", "code"), [("--keep", 0), ("--stop", 3)])
def test_who_decided_beforehand_is_not_asked(place: Place, show: Open, option: str, code: int):
    terminal = show("run", "jobs.toml", option)
    terminal.wait_for("steady")
    terminal.type("q")
    assert terminal.end() == 0
    assert "[Y/n]" not in terminal.seen
    assert place.call("attach", "--json").code == code


def test_an_engine_that_ran_before_is_shown_and_left_alone(place: Place, show: Open):
    place.start()
    terminal = show("run", "jobs.toml", "--stop")
    terminal.wait_for("steady")
    terminal.type("q")
    assert terminal.end() == 0
    assert "engine running" not in terminal.seen
    assert engine_pid(place) == place.pid


def test_a_terminal_that_hangs_up_leaves_the_engine_running(place: Place, show: Open):
    terminal = show("run", "jobs.toml", "--stop")
    terminal.wait_for("steady")
    pid = engine_pid(place)
    terminal.process.send_signal(signal.SIGHUP)
    terminal.process.wait(PATIENCE)
    assert engine_pid(place) == pid


def test_cronsole_alone_shows_the_engine_of_the_configuration_at_hand(place: Place, show: Open):
    place.config = place.folder / "cronsole.toml"
    place.write(TASKS)
    place.start()
    terminal = show()
    terminal.wait_for("steady")
    terminal.type("q")
    assert terminal.end() == 0
    assert "[Y/n]" not in terminal.seen


def test_cronsole_with_a_configuration_runs_it(show: Open):
    terminal = show("jobs.toml", "--stop")
    terminal.wait_for("steady")
    terminal.type("q")
    assert terminal.end() == 0


def test_cronsole_alone_offers_to_write_a_configuration(tmp_path: Path, show: Open):
    terminal = show(HOME=str(tmp_path), CRONSOLE_ENGINE="")
    terminal.wait_for("write cronsole.toml to start from? [y/N]")
    terminal.type("n\n")
    assert terminal.end() == 1
    assert "cronsole init" in terminal.seen
    assert not (tmp_path / "cronsole.toml").exists()


def test_the_configuration_that_was_offered_is_the_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(run, "_has_terminal", lambda: True)
    monkeypatch.setattr(asking, "can_ask", lambda: True)
    monkeypatch.setattr(asking, "ask", lambda *_, **__: True)
    assert run.configuration(None) == Path("cronsole.toml")
    assert (tmp_path / "cronsole.toml").exists()
    assert "wrote cronsole.toml" in capsys.readouterr().out


def test_an_engine_that_the_environment_names_and_nobody_is_gets_no_stand_in(place: Place, show: Open):
    terminal = show(CRONSOLE_ENGINE=str(place.folder / "nowhere.sock"))
    assert terminal.end() == 3
    assert "nowhere.sock" in terminal.seen


def test_cronsole_alone_is_the_help_where_nobody_watches(place: Place):
    said = place.call()
    assert "Usage: cronsole" in said.out + said.err
    assert said.code in (0, 2)


def test_without_a_terminal_keep_starts_the_engine_and_returns(place: Place):
    said = place.call("run", "jobs.toml", "--keep")
    assert said.code == 0, said
    pid = engine_pid(place)
    assert str(pid) in said.out
    # A session of its own: no terminal's end reaches it.
    assert os.getsid(pid) == pid
    assert (place.state / "engine.log").stat().st_mode & 0o777 == 0o600
    again = place.call("run", "jobs.toml", "--keep")
    assert str(engine_pid(place)) in again.out


def test_without_a_terminal_the_engine_runs_in_the_foreground_until_it_is_told_to_stop(place: Place):
    calling = place.start_call("run", "jobs.toml")
    calling.wait_for_error("engine started")
    assert engine_pid(place) == calling.pid
    calling.signal(signal.SIGTERM)
    assert calling.end() == 0


def test_a_faulty_configuration_is_told_before_anything_starts(place: Place):
    place.write('[[tasks]]\nid = "a"\nevry = "5m"\n')
    said = place.call("run", "jobs.toml", "--keep")
    assert said.code == 2, said
    assert "jobs.toml" in said.err
    assert "every" in said.err
    assert "Traceback" not in said.err


def test_an_engine_that_does_not_start_says_so_in_its_own_words(place: Place):
    with StateDirectory(place.state, config="elsewhere.toml"):
        said = place.call("run", "jobs.toml", "--keep")
    assert said.code == 1, said
    assert "did not start" in said.err
    assert f"the engine with pid {os.getpid()} with elsewhere.toml holds the state directory" in said.err
    assert "Traceback" not in said.err


def test_a_state_directory_of_another_configuration_is_refused_with_what_to_do(place: Place):
    place.start()
    (place.folder / "second.toml").write_text(place.config.read_text())
    said = place.call("run", "second.toml", "--keep")
    assert said.code == 1, said
    assert "serves" in said.err
    assert "cronsole attach" in said.err
    assert "state_dir" in said.err


def test_attach_tells_who_answers(place: Place):
    place.start()
    said = place.call("attach", f"unix:{place.state}/cronsole.sock", "--json")
    assert said.json["config"] == str(place.config)


def test_attach_tells_who_answers_though_another_does_not(place: Place):
    place.start()
    said = place.call("attach", "unix:/nowhere/cronsole.sock", str(place.state), "--json")
    assert said.json["config"] == str(place.config)
    assert "/nowhere/cronsole.sock" in said.err
    assert said.code == 3


def test_without_a_terminal_attach_prints_the_list_once(place: Place):
    place.start()
    said = place.call("attach")
    assert said.code == 0, said
    assert "steady" in said.out
    assert "\x1b" not in said.out


def test_a_terminal_that_cannot_draw_gets_the_plain_list(place: Place, show: Open):
    place.start()
    terminal = show("attach", TERM="dumb")
    assert CONSOLE not in terminal.wait_for("steady")
    # Such a terminal cannot repaint: the list is shown once.
    assert terminal.end() == 0


def test_after_the_plain_list_the_same_is_asked(place: Place, show: Open):
    terminal = show("run", "jobs.toml", TERM="dumb")
    terminal.wait_for("steady")
    terminal.wait_for("leave the engine running? [Y/n]")
    terminal.type("n\n")
    assert terminal.end() == 0
    assert place.call("attach", "--json").code == 3


@pytest.mark.parametrize(
    "poison", ["raise ImportError('no textual today')", "raise RuntimeError('no textual today')"]
)
def test_a_textual_that_cannot_be_loaded_is_told_and_the_list_stands_in(
    place: Place, show: Open, poison: str
):
    broken = place.folder / "broken" / "textual"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(poison)
    place.start()
    terminal = show("attach", PYTHONPATH=str(broken.parent))
    told = terminal.wait_for("steady")
    assert "the console cannot be loaded" in told
    assert "no textual today" in told
    assert "Traceback" not in told
    assert CONSOLE not in told
    terminal.interrupt()
    assert terminal.end() == 0


def test_a_textual_that_is_not_installed_is_told_and_the_list_stands_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(screen, "has_screen", lambda: True)
    monkeypatch.setattr(screen, "find_spec", lambda name: None if name == "textual" else name)
    shown: list[str] = []
    monkeypatch.setattr("cronsole.cli.watch.command", lambda *, engine, **_: shown.append(engine))
    screen.ready_view(screen.Wishes())(["unix:/x"], None)
    assert shown == ["unix:/x"]
    assert "textual is not installed" in capsys.readouterr().err


def test_the_options_reach_the_console(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(screen, "has_screen", lambda: True)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    asked: list[tuple[object, dict[str, object]]] = []
    monkeypatch.setattr(
        "cronsole_tui.opening.open_console", lambda targets, **how: asked.append((targets, how))
    )
    wishes = screen.Wishes(is_read_only=True, theme="light", ascii_only=True)
    screen.ready_view(wishes)(["unix:/a", "ssh://b"], None)
    ((targets, how),) = asked
    assert targets == ["unix:/a", "ssh://b"]
    assert how == {
        "token": None,
        "timezone": "Europe/Berlin",
        "is_read_only": True,
        "theme": "light",
        "ascii_only": True,
    }


def test_a_console_that_may_only_look_refuses_to_change(place: Place, show: Open):
    terminal = show("run", "jobs.toml", "--read-only", "--ascii", "--stop")
    terminal.wait_for("steady")
    terminal.type("p")
    terminal.wait_for("read-only")
    assert place.call("list", "state:paused", "--json").json["items"] == []
    terminal.type("q")
    assert terminal.end() == 0


def test_a_theme_that_nobody_knows_is_told_before_an_engine_is_started(place: Place, show: Open):
    terminal = show("run", "jobs.toml", "--theme", "drak")
    assert terminal.end() == 2
    assert "no theme is called 'drak'" in terminal.seen
    assert "did you mean 'dark'?" in terminal.seen
    assert place.call("attach", "--json").code == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('theme = "drak"\n', "no theme is called 'drak'"),
        ('keys = { trigger = "q" }\n', "q is quit already"),
        ("bel = true\n", "bel"),
    ],
)
def test_preferences_that_cannot_be_met_are_told_with_their_file(
    place: Place, show: Open, text: str, told: str
):
    file = place.folder / "preferences" / "cronsole" / "console.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    terminal = show("run", "jobs.toml", XDG_CONFIG_HOME=str(file.parents[1]))
    assert terminal.end() == 2
    assert told in terminal.seen
    assert "console.toml" in terminal.seen


def test_several_engines_need_the_console(place: Place):
    place.start()
    said = place.call("attach", str(place.state), str(place.state))
    assert said.code == 2, said
    assert "one engine at a time" in said.err


def test_a_wide_pause_shows_what_it_skips_and_asks(place: Place, show: Open):
    place.start()
    terminal = show("pause", "--tag", "db", "--until", "tomorrow 06:00")
    told = terminal.wait_for("pause 2 schedules? [y/N]")
    assert "this would pause 2 schedules" in told
    assert "skipped" in told
    terminal.type("\n")
    assert terminal.end() == 1
    assert place.call("list", "state:paused", "--json").json["items"] == []
    terminal = show("pause", "--tag", "db", "--until", "tomorrow 06:00")
    terminal.wait_for("[y/N]")
    terminal.type("y\n")
    assert terminal.end() == 0
    assert len(place.call("list", "state:paused", "--json").json["items"]) == 2


def test_a_pause_of_one_schedule_is_not_asked_about(place: Place, show: Open):
    place.start()
    terminal = show("pause", "steady")
    assert terminal.end() == 0
    assert "[y/N]" not in terminal.seen


def test_a_run_that_is_waited_for_is_waited_for_through_a_restart_of_the_engine(place: Place):
    place.write(TASKS + '[[tasks]]\nid = "long"\nevery = "100d"\ncommand = "sleep 4; exit 5"\n')
    place.start()
    waiting = place.start_call("trigger", "long", "--wait")
    assert waiting.line()
    assert place.pid is not None
    pidfd = os.pidfd_open(place.pid)
    os.kill(place.pid, signal.SIGKILL)
    wait_for_end(pidfd)
    os.close(pidfd)
    place.start()
    assert waiting.end() == 5


async def test_a_wait_that_begins_while_the_engine_is_away_goes_on_when_it_is_back(place: Place):
    place.write(TASKS + '[[tasks]]\nid = "long"\nevery = "100d"\ncommand = "sleep 3; exit 5"\n')
    place.start()
    run_id = place.call("trigger", "long").out.strip()
    assert place.pid is not None
    pidfd = os.pidfd_open(place.pid)
    os.kill(place.pid, signal.SIGKILL)
    wait_for_end(pidfd)
    os.close(pidfd)
    async with EngineClient.at(f"unix:{place.state}/cronsole.sock") as client, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(awaiting.wait_for_end(client, run_id, SystemClock()))
        await asyncio.to_thread(place.start)
    assert waiting.result().exit_code == 5


def test_the_engine_that_was_started_does_not_hold_the_terminal(place: Place):
    done = subprocess.run(
        ["/bin/sh", "-c", "exec python -m cronsole run jobs.toml --keep | cat"],
        cwd=place.folder,
        env=place.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "the engine with pid" in done.stdout
