import io
import json
import sys
from pathlib import Path

import pytest

from cronsole.cli.main import main


class Answer:
    """What a call printed, and how it ended."""

    def __init__(self, out: str, err: str, code: object) -> None:
        self.out, self.err, self.code = out, err, code

    @property
    def rows(self) -> list[str]:
        return [line.strip() for line in self.out.splitlines()]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]):
    def run(*args: str) -> Answer:
        code: object = 0
        try:
            main(["next", *args])
        except SystemExit as stop:
            code = stop.code or 0
        return Answer(*capsys.readouterr(), code)

    return run


@pytest.fixture
def ask_batch(ask, monkeypatch: pytest.MonkeyPatch):
    def run(*lines: str | bytes) -> list[dict[str, list[str] | str]]:
        text = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        return [json.loads(row) for row in ask("--batch").rows]

    return run


def question(**given: object) -> str:
    return json.dumps({"expr": "30 2 * * *", "after": "2026-03-28T00:00Z"} | given)


def test_the_heading_says_what_the_expression_means_and_where(ask):
    assert ask("30 2 * * *", "--tz", "Europe/Berlin").rows[0] == "30 2 * * *: daily at 02:30 (Europe/Berlin)"


def test_a_row_has_the_local_time_the_instant_and_how_long_until_then(ask):
    row = ask("30 2 * * *", "--tz", "Europe/Berlin", "--after", "2090-03-25", "--count", "2").rows[1]
    assert row.startswith("Sat 2090-03-25 02:30 CET   2090-03-25T01:30Z  in ")


def test_columns_stay_aligned_when_the_zones_name_changes(ask):
    rows = ask(
        "30 2 * * *", "--tz", "Europe/Berlin", "--after", "2090-03-25", "--count", "3"
    ).out.splitlines()
    assert len({row.index("2090-03-2", 20) for row in rows[1:]}) == 1


def test_seconds_are_shown_when_there_are_any(ask):
    assert "00:00:30 UTC" in ask("*/30 * * * * *", "--after", "2090-01-01", "--count", "1").rows[1]


def test_ten_fires_are_told_by_default(ask):
    assert len(ask("* * * * *").rows) == 11


def test_json_is_one_object_on_one_line(ask):
    answer = ask("30 2 * * *", "--after", "2026-01-01", "--count", "1", "--json")
    assert json.loads(answer.out) == {
        "name": "30 2 * * *",
        "timezone": "UTC",
        "dst": "cron",
        "description": "daily at 02:30",
        "fires": ["2026-01-01T02:30Z"],
    }


@pytest.mark.parametrize(
    ("dst", "fire"),
    [("cron", "2026-03-29T01:00Z"), ("physical", "2026-03-30T00:30Z"), ("skip", "2026-03-30T00:30Z")],
)
def test_the_policy_for_jumps_can_be_chosen(dst: str, fire: str, ask):
    options = (
        "--tz",
        "Europe/Berlin",
        "--after",
        "2026-03-29T00:00Z",
        "--count",
        "1",
        "--json",
        "--dst",
        dst,
    )
    assert json.loads(ask("30 2 * * *", *options).out)["fires"] == [fire]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["0 25 * * *"], "hour (column 3 of '0 25 * * *'): 25 is out of range; accepted are 0–23"),
        (["* * * * *", "--tz", "Europe/Belin"], "did you mean 'Europe/Berlin'?"),
        (["* * * * *", "--after", "soon"], "'soon' is not a time"),
        (["@dayly"], "did you mean '@daily'?"),
        (["H * * * *"], "give one with --id"),
        ([], "next needs an expression"),
    ],
)
def test_a_bad_question_is_told_on_stderr_with_exit_code_2(args: list[str], told: str, ask):
    answer = ask(*args)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err


def test_what_a_terminal_could_obey_is_escaped(ask):
    assert "\x1b" not in ask("\x1b]52;c;AAAA\x07 * * * *").err


def test_an_id_makes_h_known(ask):
    assert ask("H H * * *", "--id", "backup").rows[0] == "H H * * *: daily at 08:09 (UTC)"


def test_what_never_fires_again_ends_with_exit_code_1(ask):
    answer = ask("0 0 0 1 1 * 2020")
    assert answer.code == 1
    assert answer.rows[1].startswith("never after")


def test_a_start_of_the_engine_has_no_times(ask):
    assert ask("@startup").rows == ["@startup: at each start of the engine (UTC)"]


def test_what_waits_for_somebody_to_ask_has_no_times_and_is_no_failure(ask):
    answer = ask("@manual")
    assert (answer.code, answer.rows) == (0, ["@manual: when somebody asks (UTC)"])


def test_an_id_is_looked_up_in_the_configuration(ask, tmp_path: Path):
    path = tmp_path / "cronsole.toml"
    path.write_text(
        '[[tasks]]\nid = "backup"\ncron = "30 2 * * *"\ntimezone = "Europe/Berlin"\ncommand = "true"\n'
    )
    assert ask("backup", "--config", str(path)).rows[0] == "backup: daily at 02:30 (Europe/Berlin)"


def test_an_unknown_id_is_told_with_the_nearest_one(ask, tmp_path: Path):
    path = tmp_path / "cronsole.toml"
    path.write_text('[[tasks]]\nid = "backup"\ncron = "30 2 * * *"\ncommand = "true"\n')
    answer = ask("backups", "--config", str(path))
    assert answer.code == 2
    assert "did you mean 'backup'?" in answer.err


def test_a_batch_answers_each_line_with_one(ask_batch):
    assert ask_batch(
        question(tz="Europe/Berlin", until="2026-03-30T00:00Z"), question(count=1), question(expr="@startup")
    ) == [
        {"fires": ["2026-03-28T01:30Z", "2026-03-29T01:00Z"]},
        {"fires": ["2026-03-28T02:30Z"]},
        {"fires": []},
    ]


def test_after_is_exclusive_and_until_inclusive(ask_batch):
    answer = ask_batch(question(after="2026-03-28T02:30Z", until="2026-03-29T02:30Z"))
    assert answer == [{"fires": ["2026-03-29T02:30Z"]}]


def test_without_until_and_count_a_line_gets_ten_fires(ask_batch):
    assert len(ask_batch(question())[0]["fires"]) == 10


def test_blank_lines_are_passed_over(ask_batch):
    assert len(ask_batch("", question(), "   ", question(), "")) == 2


@pytest.mark.parametrize(
    "line",
    [
        "nope",
        "{",
        "[[[[[[",
        '"text"',
        b"\xff\xfe",
        b"\0",
        "{}",
        question(expr=5),
        question(expr="0 25 * * *"),
        question(expr="H * * * *"),
        question(expr="*" * 5000),
        question(tz="Nowhere"),
        question(tz=None),
        question(after="soon"),
        question(after=5),
        question(until="2026"),
        question(dst="never"),
        question(count=-1),
        question(count=10**30),
        question(count=True),
        question(other=1),
        question(expr="* * * * * *", until="2999-01-01T00:00Z"),
        "[" * 60_000,
        "x" * 100_000,
    ],
)
def test_a_line_that_is_no_question_gets_an_error_line(line: str | bytes, ask_batch):
    answers = ask_batch(line, question(count=1))
    assert list(answers[0]) == ["error"]
    assert answers[1] == {"fires": ["2026-03-28T02:30Z"]}
