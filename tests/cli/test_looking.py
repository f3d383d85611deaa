"""The verbs that look, asked as a shell asks them, of a real engine over its socket."""

import os
import re
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from tests.cli.engine_at_hand import CONFIG, EngineAtHand, engine_at_hand

from cronsole.model.prospect import PlanView, WhyView
from cronsole.model.view import AuditView, EventView, LogChunk, Page, RunView, ScheduleDetail, ScheduleView

OBEYED = re.compile(r"\x1b(?!\[[0-9;?]*[A-Za-z])|[\x07\x9b]")
ALTERNATE_SCREEN = "\x1b[?1049h"
SHOWN_CURSOR, HIDDEN_CURSOR = "\x1b[?25h", "\x1b[?25l"
INTERRUPTING = Path(__file__).with_name("interrupting.py")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineAtHand]:
    with engine_at_hand(tmp_path_factory.mktemp("e")) as engine:
        yield engine


def interrupt(pid: int) -> None:
    os.kill(pid, signal.SIGINT)


def terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def names(text: str) -> list[str]:
    return [line.split()[2] for line in text.splitlines()[1:]]


def test_the_list_begins_with_what_failed_and_what_runs(engine: EngineAtHand):
    assert names(engine.ask("list").out)[:2] == ["broken", "held"]


def test_the_list_is_one_page_of_the_apis_shape(engine: EngineAtHand):
    page = msgspec.json.decode(engine.ask("list", "--json", "--sort", "name").raw, type=Page[ScheduleView])
    assert [view.id for view in page.items] == ["broken", "colourful", "held", "nightly/backup"]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--failing"], ["broken"]),
        (["--running"], ["held"]),
        (["--tag", "slow"], ["held"]),
        (["--state", "failed", "--state", "never"], ["broken", "nightly/backup"]),
        (["tag:db", "!held"], ["broken"]),
        (["BACKUP"], ["nightly/backup"]),
        (["--source", "plugin"], []),
    ],
)
def test_the_list_is_narrowed_by_options_and_words(engine: EngineAtHand, args: list[str], found: list[str]):
    page = engine.ask("list", "--json", *args).json
    assert sorted(view["id"] for view in page["items"]) == found


def test_a_schedule_is_shown_with_its_definition_and_its_runs(engine: EngineAtHand):
    answer = engine.ask("show", "broken")
    assert "exit 3" in answer.out
    assert "0 % of 1 run" in answer.out
    assert "attempt 2" in answer.out
    detail = msgspec.json.decode(engine.ask("show", "broken", "--json").raw, type=ScheduleDetail)
    assert detail.definition["tags"] == ["db"]


def test_why_lays_out_the_steps_of_the_next_slot_and_of_a_chosen_one(engine: EngineAtHand):
    assert "daily at 03:00" in engine.ask("why", "nightly/backup").out
    view = msgspec.json.decode(engine.ask("why", "nightly/backup", "03:00", "--json").raw, type=WhyView)
    assert view.slot is not None
    assert view.slot.astimezone().minute == 0
    assert "created after it" in view.conclusion


def test_why_takes_a_time_that_has_passed_with_its_sign(engine: EngineAtHand):
    assert "is no slot" in engine.ask("why", "nightly/backup", "-2h").out


def test_why_finds_the_slot_within_the_minute_that_is_named(engine: EngineAtHand):
    (run,) = engine.ask("runs", "colourful", "--json").json["items"]
    minute = datetime.fromisoformat(run["slot"]).strftime("%Y-%m-%dT%H:%MZ")
    view = engine.ask("why", "colourful", minute, "--json").json
    assert view["run"]["run_id"] == run["run_id"]


def test_runs_are_told_newest_first_and_narrowed(engine: EngineAtHand):
    page = msgspec.json.decode(engine.ask("runs", "--json").raw, type=Page[RunView])
    assert [run.created_at for run in page.items] == sorted(
        (run.created_at for run in page.items), reverse=True
    )
    failed = engine.ask("runs", "--state", "failing", "--since", "1h", "--took", "<1h", "--json").json
    assert [run["schedule_id"] for run in failed["items"]] == ["broken"]


def test_all_runs_come_a_line_each(engine: EngineAtHand):
    lines = engine.ask("runs", "--all", "--json").raw.splitlines()
    assert {msgspec.json.decode(line, type=RunView).schedule_id for line in lines} == {
        "broken",
        "colourful",
        "held",
    }


def test_a_log_that_is_piped_is_what_the_run_wrote_byte_by_byte(engine: EngineAtHand):
    raw = b"\x1b[32mgreen\x1b[0m \x1b]52;c;aGk=\x07\x1b[6n [/bold]\nlast \xff line\n"
    assert engine.ask("log", "colourful").raw == raw
    assert engine.ask("log", "colourful", "--tail", "1").raw == b"last \xff line\n"
    chunks = [
        msgspec.json.decode(line, type=LogChunk)
        for line in engine.ask("log", "colourful", "--json").raw.splitlines()
    ]
    assert b"".join(chunk.data for chunk in chunks) == raw


def test_a_log_on_a_terminal_keeps_colours_and_shows_the_rest_as_text(engine: EngineAtHand):
    shown, code = engine.on_terminal("log", "colourful")
    assert shown == "\x1b[32mgreen\x1b[0m \\x1b]52;c;aGk=\\x07\\x1b[6n [/bold]\r\nlast \\xff line\r\n"
    assert code == 0


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("args", [("log", "colourful"), ("list",), ("show", "colourful"), ("runs",)])
def test_no_escape_is_written_where_colour_is_not_wanted(
    engine: EngineAtHand, args: tuple[str, ...], environ: dict[str, str]
):
    shown, _ = engine.on_terminal(*args, environ=environ)
    assert "green" in shown or "colourful" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    "args",
    [
        ("list",),
        ("show", "colourful"),
        ("runs",),
        ("events",),
        ("watch", "--once"),
        ("timeline",),
        ("doctor",),
    ],
)
def test_nothing_hostile_reaches_the_terminal(engine: EngineAtHand, args: tuple[str, ...]):
    shown, _ = engine.on_terminal(*args)
    assert shown
    assert OBEYED.search(shown) is None


def test_a_terminal_without_utf_8_gets_ascii(engine: EngineAtHand):
    shown, _ = engine.on_terminal("list", "broken", environ={"LC_ALL": "C", "TERM": "dumb"})
    assert "x failed" in shown
    assert shown.isascii()


def test_a_followed_run_is_told_attempt_by_attempt_and_exits_as_the_run_did(engine: EngineAtHand):
    answer = engine.ask("log", "broken", "-f")
    assert answer.out == "attempt 1\nattempt 2\n"
    assert answer.code == 3
    assert "failed" in answer.err


def test_one_attempt_can_be_asked_for(engine: EngineAtHand):
    assert engine.ask("log", "broken", "--attempt", "1").out == "attempt 1\n"
    assert engine.ask("log", "broken").out == "attempt 2\n"


def test_the_latest_failure_is_found_though_others_have_passed_and_a_run_by_its_id(engine: EngineAtHand):
    (run,) = engine.ask("runs", "broken", "--json").json["items"]
    assert engine.ask("log", "--failed").out == "attempt 2\n"
    assert engine.ask("log", run["run_id"]).out == "attempt 2\n"


def test_a_schedule_that_has_not_run_has_no_log(engine: EngineAtHand):
    answer = engine.ask("log", "nightly/backup")
    assert (answer.code, answer.err) == (1, "cronsole: nightly/backup has no run yet\n")


def test_events_tell_what_happened_and_can_be_narrowed(engine: EngineAtHand):
    lines = engine.ask("events", "--schedule", "broken", "--kind", "run-finished", "--json").raw.splitlines()
    (event,) = [msgspec.json.decode(line, type=EventView) for line in lines]
    assert (event.schedule_id, event.fields["state"]) == ("broken", "failed")
    assert len(engine.ask("events", "-n", "2").out.splitlines()) == 2


def test_watch_paints_in_place_and_ends_well_when_interrupted(engine: EngineAtHand):
    shown, code = engine.on_terminal("watch", steps=[(b"nightly/backup", interrupt)])
    assert code == 0
    assert ALTERNATE_SCREEN not in shown
    assert shown.rindex(SHOWN_CURSOR) > shown.rindex(HIDDEN_CURSOR)


@pytest.mark.parametrize(
    ("moment", "words", "code"),
    [
        ("loading", ["watch"], 130),
        ("connecting", ["watch"], 0),
        ("asking", ["watch"], 0),
        ("drawing", ["watch"], 0),
        ("writing", ["watch"], 0),
        ("painting", ["watch"], 0),
        ("giving-the-cursor-back", ["watch"], 0),
        ("listing", ["watch", "--once"], 0),
        ("flushing", ["watch", "--once"], 130),
        ("exiting", ["watch", "--once"], 0),
        ("gone", ["watch", "--once"], 0),
    ],
)
def test_an_interrupt_at_any_moment_ends_watch_and_leaves_the_terminal_in_order(
    engine: EngineAtHand, moment: str, words: list[str], code: int
):
    shown, ended_with = engine.on_terminal(*words, program=[str(INTERRUPTING), moment])
    assert ended_with == code, shown
    assert "Traceback" not in shown
    assert "Exception ignored" not in shown
    assert shown.count(SHOWN_CURSOR) == shown.count(HIDDEN_CURSOR)
    assert SHOWN_CURSOR not in shown or shown.rindex(SHOWN_CURSOR) > shown.rindex(HIDDEN_CURSOR)


def test_watch_gives_the_cursor_back_when_it_is_terminated(engine: EngineAtHand):
    shown, code = engine.on_terminal("watch", steps=[(b"nightly/backup", terminate)])
    assert code == 128 + signal.SIGTERM
    assert shown.rindex(SHOWN_CURSOR) > shown.rindex(HIDDEN_CURSOR)


def test_watch_keeps_its_last_look_while_the_engine_is_gone_and_is_live_again_with_it(tmp_path: Path):
    with engine_at_hand(tmp_path) as engine:
        (tmp_path / "gate").touch()

        def come_back(_: int) -> None:
            engine.config.write_text(CONFIG + '[[tasks]]\nid = "newcomer"\nevery = "6h"\n')
            engine.launch()

        steps = [
            (b"4 schedules", lambda _: engine.stop()),
            (b"the link is lost", come_back),
            (b"newcomer", lambda _: None),
            (b"5 schedules", interrupt),
        ]
        shown, code = engine.on_terminal("watch", steps=steps)
    assert code == 0
    assert "nightly/backup" in shown.rpartition("the link is lost")[0].rpartition("STATE")[2]


def test_watch_prints_the_list_once_into_a_pipe(engine: EngineAtHand):
    assert names(engine.ask("watch", "tag:db").out)[:2] == ["broken", "held"]


def test_the_timeline_tells_the_fires_of_each_schedule(engine: EngineAtHand):
    lines = engine.ask("timeline", "--for", "24h", "--json").json_lines
    backup = next(line for line in lines if line["schedule_id"] == "nightly/backup")
    assert len(backup["fires"]) == 1
    assert "nightly/backup" in engine.ask("timeline", "--for", "2d", "backup").out


def test_a_plan_tells_what_a_reload_would_change_and_exits_with_2_on_faults(engine: EngineAtHand):
    engine.config.write_text(
        CONFIG.replace('"0 3 * * *"', '"0 4 * * *"') + '[[tasks]]\nid = "new"\nevery = "1h"\n'
    )
    answer = engine.ask("plan", "jobs.toml")
    plan = msgspec.json.decode(engine.ask("plan", "--json").raw, type=PlanView)
    engine.config.write_text(CONFIG.replace('"0 3 * * *"', '"0 99 * * *"'))
    faulty = engine.ask("plan")
    engine.config.write_text(CONFIG)
    assert answer.code == 0
    assert "+ added   new" in answer.out
    assert [change.id for change in plan.retimed] == ["nightly/backup"]
    assert faulty.code == 2
    assert "jobs.toml:" in faulty.err


def test_a_plan_is_not_made_of_a_configuration_that_another_engine_serves(engine: EngineAtHand):
    (engine.folder / "other.toml").write_text(CONFIG)
    answer = engine.ask("plan", "other.toml")
    assert answer.code == 1
    assert "serves" in answer.err


def test_the_audit_trail_is_a_page(engine: EngineAtHand):
    msgspec.json.decode(engine.ask("audit", "--json").raw, type=Page[AuditView])
    assert engine.ask("audit").code == 0


def test_next_asks_the_engine_where_it_knows_the_schedule(engine: EngineAtHand):
    answer = engine.ask("next", "nightly/backup", "--count", "3")
    assert answer.out.splitlines()[0] == "nightly/backup: daily at 03:00 (Europe/Berlin)"
    assert len(answer.out.splitlines()) == 4
    told = engine.ask("next", "nightly/backup", "--count", "1200", "--after", "2027-03-01", "--json").json
    assert (len(told["fires"]), told["fires"][0]) == (1200, "2027-03-01T02:00Z")


def test_doctor_finds_the_engine_well(engine: EngineAtHand):
    findings = {each["name"]: each["grade"] for each in engine.ask("doctor", "--json").json["findings"]}
    assert (findings["engine"], findings["state"], findings["socket"]) == ("ok", "ok", "ok")


@pytest.mark.parametrize(
    "args",
    [("show", "nightly"), ("why", "nightly"), ("runs", "nightly"), ("log", "nightly"), ("next", "nightly")],
)
def test_an_unknown_schedule_exits_with_1_and_names_the_nearest(engine: EngineAtHand, args: tuple[str, ...]):
    answer = engine.ask(*args)
    assert answer.code == 1
    assert "nightly" in answer.err


@pytest.mark.parametrize(
    "args",
    [
        ("list", "state:failedx"),
        ("runs", "--state", "failedx"),
        ("runs", "--took", "soon"),
        ("why", "held", "soon"),
        ("events", "--since", "soon"),
        ("timeline", "--for", "soon"),
        ("watch", "stat:x"),
    ],
)
def test_a_verb_that_is_called_wrongly_exits_with_2_and_a_sentence(
    engine: EngineAtHand, args: tuple[str, ...]
):
    answer = engine.ask(*args)
    assert answer.code == 2
    assert "Traceback" not in answer.err
    assert answer.err.startswith("cronsole: ")


@pytest.mark.parametrize(
    "args",
    [
        ("list",),
        ("show", "a"),
        ("why", "a"),
        ("runs",),
        ("log",),
        ("events",),
        ("watch",),
        ("plan",),
        ("audit",),
    ],
)
def test_without_an_engine_a_verb_exits_with_3_and_says_what_to_do(
    engine: EngineAtHand, tmp_path: Path, args: tuple[str, ...]
):
    answer = engine.ask(*args, CRONSOLE_ENGINE=str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "cronsole engine" in answer.err
    assert "--engine" in answer.err


def test_a_run_that_still_goes_on_is_followed_from_its_first_line_to_its_end(engine: EngineAtHand):
    process = engine.start("log", "held", "-f")
    assert process.stdout is not None
    first = process.stdout.readline()
    (engine.folder / "gate").touch()
    rest, _ = process.communicate(timeout=30)
    assert (first, rest, process.returncode) == (b"first\n", b"last\n", 0)


def test_watch_in_json_tells_all_and_then_each_that_changes(engine: EngineAtHand):
    process = engine.start("watch", "--json")
    assert process.stdout is not None
    seen = {msgspec.json.decode(process.stdout.readline(), type=ScheduleView).id for _ in range(4)}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert seen == {"broken", "colourful", "held", "nightly/backup"}
    assert process.returncode == 0
