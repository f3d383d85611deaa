from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.living import Place

TASKS = """
[[tasks]]
id = "quick"
every = "100d"
command = "echo first; echo got $CRONSOLE_PAYLOAD"

[[tasks]]
id = "fails"
every = "100d"
command = "echo oops; exit 3"

[[tasks]]
id = "slow"
every = "100d"
command = "sleep 60"
timeout = "500ms"

[[tasks]]
id = "sleeper"
every = "100d"
overlap = "allow"
command = "sleep 60"

[[tasks]]
id = "db/one"
cron = "*/5 * * * *"
command = "true"
tags = ["db"]

[[tasks]]
id = "db/two"
cron = "0 3 * * *"
command = "true"
tags = ["db"]

[[tasks]]
id = "off"
cron = "0 3 * * *"
command = "true"
enabled = false
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("verbs"), TASKS)
    found.start()
    yield found
    found.stop()


@pytest.fixture
def own_place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path, TASKS)
    found.start()
    yield found
    found.stop()


def test_a_trigger_prints_the_id_of_the_run_and_nothing_else(place: Place):
    said = place.call("trigger", "quick")
    assert said.code == 0, said
    run_id = said.out.strip()
    assert place.call("show", "quick", "--json").code == 0
    assert (
        place.call("trigger", "quick", "--key", "k1").out == place.call("trigger", "quick", "--key", "k1").out
    )
    assert run_id


@pytest.mark.parametrize(("schedule", "code"), [("quick", 0), ("fails", 3), ("slow", 124)])
def test_a_trigger_that_waits_exits_as_the_run_does(place: Place, schedule: str, code: int):
    said = place.call("trigger", schedule, "--wait")
    assert said.code == code, said
    assert said.out.strip().isalnum()
    assert schedule in said.err


def test_a_run_that_is_cancelled_while_it_is_waited_for_exits_with_130(place: Place):
    waiting = place.start_call("trigger", "sleeper", "--wait")
    run_id = waiting.line()
    assert place.call("cancel", run_id, "--force").code == 0
    assert waiting.end() == 130


def test_a_trigger_that_follows_shows_the_output_from_its_first_line(place: Place):
    said = place.call("trigger", "quick", "--follow", "--payload", '{"a": 1}')
    assert said.code == 0, said
    assert said.out == 'first\ngot {"a":1}\n'
    assert "run " in said.err


@pytest.mark.parametrize(("word", "stdin"), [("@{folder}/p.json", ""), ("-", '["x"]')])
def test_a_payload_is_read_from_a_file_and_from_stdin(place: Place, word: str, stdin: str):
    (place.folder / "p.json").write_text('["x"]')
    said = place.call(
        "trigger", "quick", "--follow", "--payload", word.format(folder=place.folder), stdin=stdin
    )
    assert said.out.endswith('got ["x"]\n'), said


def test_a_payload_that_is_no_json_is_refused_with_what_to_write(place: Place):
    said = place.call("trigger", "quick", "--payload", "hello")
    assert said.code == 2
    assert """--payload '"text"'""" in said.err


def test_a_trigger_for_later_waits_in_the_queue(place: Place):
    waiting = place.start_call("trigger", "quick", "--at", "+2h", "--wait")
    run_id = waiting.line()
    queued = place.call("cancel", run_id, "--json").json
    assert queued["due_at"] > queued["created_at"]
    assert waiting.end() == 130


def test_a_trigger_for_a_time_that_has_passed_is_refused(place: Place):
    said = place.call("trigger", "quick", "--at", "2020-01-01")
    assert said.code == 2
    assert "has passed" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trigger", "quik"), "quik"),
        (("trigger", "off"), "jobs.toml"),
        (("cancel", "nothing"), "neither a run nor a schedule"),
        (("cancel", "quick"), "no run of quick is under way"),
        (("retry", "quick"), "no failed run"),
        (("pause", "nothing"), "nothing"),
        (("schedule", "delete", "quick", "--yes"), "jobs.toml"),
    ],
)
def test_an_answer_of_no_says_why_and_exits_with_1(place: Place, words: tuple[str, ...], told: str):
    said = place.call(*words)
    assert said.code == 1, said
    assert told in said.err
    assert "Traceback" not in said.err


def test_where_no_engine_answers_it_says_what_to_try_and_exits_with_3(tmp_path: Path):
    place = Place(tmp_path, TASKS)
    for words in (("trigger", "a"), ("pause", "a"), ("reload",), ("attach", "--json"), ("export",)):
        said = place.call(*words)
        assert said.code == 3, said
        assert "cronsole engine" in said.err


def test_a_gated_trigger_of_a_paused_schedule_does_not_run_and_says_why(own_place: Place):
    assert own_place.call("pause", "quick", "--reason", "moving house").code == 0
    said = own_place.call("trigger", "quick", "--gated")
    assert said.code == 1, said
    assert "moving house" in said.err
    assert own_place.call("trigger", "quick", "--wait").code == 0


def test_a_pause_of_a_group_is_refused_to_a_program_that_did_not_say_yes(own_place: Place):
    said = own_place.call("pause", "--tag", "db")
    assert said.code == 2, said
    assert "2 schedules" in said.err
    assert "cronsole pause --tag db --yes" in said.err
    assert own_place.call("list", "state:paused", "--json").json["items"] == []


def test_a_pause_of_a_group_tells_what_it_skips_and_a_resume_ends_it(own_place: Place):
    preview = own_place.call("pause", "--tag", "db", "--until", "tomorrow 06:00", "--dry-run", "--json")
    assert preview.json["is_preview"], preview
    done = own_place.call("pause", "--tag", "db", "--until", "tomorrow 06:00", "--yes")
    assert done.code == 0, done
    assert "paused" in done.out
    assert "skipped" in done.out
    paused = own_place.call("list", "state:paused", "--json").json["items"]
    assert {(item["id"], item["pause"]["until"][11:19]) for item in paused} == {
        ("db/one", "06:00:00"),
        ("db/two", "06:00:00"),
    }
    resumed = own_place.call("resume", "--tag", "db", "--yes", "--catch-up", "--json")
    assert sorted(resumed.json["schedule_ids"]) == ["db/one", "db/two"]
    assert own_place.call("list", "state:paused", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("pause",), "which schedules?"),
        (("pause", "a", "--all"), "one kind"),
        (("resume",), "which schedules?"),
        (("pause", "quick", "--until", "soon"), "06:00"),
        (("pause", "quick", "--until", "-2h"), "has passed"),
        (("backfill", "db/one", "--since", "1h", "--until", "2h"), "lies before"),
        (("init", "--system"), "--from-crontab"),
        (("run", "--json", "--stop"), "--stop"),
        (("schedule", "create", "x.toml", "--unset", "a"), "--unset"),
        (("service", "show", "--print"), "--print"),
    ],
)
def test_a_verb_that_was_called_wrongly_says_how_and_exits_with_2(
    place: Place, words: tuple[str, ...], told: str
):
    said = place.call(*words)
    assert said.code == 2, said
    assert told in said.err


def test_of_several_runs_under_way_the_one_to_cancel_has_to_be_named(own_place: Place):
    first, second = (own_place.call("trigger", "sleeper").out.strip() for _ in range(2))
    said = own_place.call("cancel", "sleeper")
    assert said.code == 1, said
    assert f"cronsole cancel {first}" in said.err
    assert f"cronsole cancel {second}" in said.err
    assert own_place.call("cancel", first, "--force").code == 0
    assert own_place.call("log", first, "--follow").code != 0
    assert own_place.call("cancel", "sleeper", "--force", "--json").json["run_id"] == second


def test_a_retry_does_what_the_latest_failed_run_was_for(place: Place):
    failed = place.call("trigger", "fails", "--wait", "--json").json["run_id"]
    said = place.call("retry", "fails", "--wait", "--json")
    assert said.code == 3, said
    assert said.json["run_id"] != failed
    assert place.call("retry", failed, "--wait").code == 3


def test_a_backfill_tells_how_many_slots_it_runs_before_it_does(place: Place):
    span = ("--since", "2026-11-19T00:00Z", "--until", "2026-11-19T01:00Z")
    preview = place.call("backfill", "db/one", *span, "--dry-run", "--json")
    assert (preview.json["slots"], preview.json["is_preview"]) == (13, True), preview
    refused = place.call("backfill", "db/one", *span)
    assert refused.code == 2, refused
    assert "13 slots" in refused.err
    done = place.call("backfill", "db/one", *span, "--yes", "--json")
    assert len(done.json["run_ids"]) == 13, done


def test_a_reload_shows_what_changed_and_a_broken_file_exits_with_2(own_place: Place):
    own_place.write(TASKS.replace('id = "quick"', 'id = "quicker"').replace("exit 3", "exit 4"))
    said = own_place.call("reload")
    assert said.code == 0, said
    assert {"+ quicker", "- quick", "~ fails"} < set(said.out.splitlines())
    own_place.write("[[tasks]]\nid = 1\n")
    said = own_place.call("reload")
    assert said.code == 2, said
    assert "jobs.toml" in said.err
    assert "stays in force" in said.err
    assert own_place.call("trigger", "quicker", "--wait").code == 0
