import pytest

from cronsole.executors.verdict import exit_sentence, judge_exit, judge_output, span
from cronsole.model.policy import Expect
from cronsole.model.run import RunState


@pytest.mark.parametrize(
    ("millis", "text"),
    [(0, "0s"), (20, "0.02s"), (100, "0.1s"), (5000, "5s"), (61_500, "61.5s"), (100_400, "100s")],
)
def test_a_span_has_the_digits_that_matter(millis: int, text: str):
    assert span(millis) == text


@pytest.mark.parametrize(
    ("exit_code", "sentence"),
    [
        (1, "exit code 1"),
        (-15, "killed by SIGTERM"),
        (-9, "killed by SIGKILL (out of memory?)"),
        (137, "exit code 137: its command was killed by SIGKILL (out of memory?)"),
        (-40, "killed by signal 40"),
        (255, "exit code 255"),
    ],
)
def test_an_exit_code_is_one_sentence(exit_code: int, sentence: str):
    assert exit_sentence(exit_code) == sentence


@pytest.mark.parametrize(
    ("duration_ms", "sentence"),
    [
        (100, "took 0.1s, expected at least 5s"),
        (9000, "took 9s, expected at most 8s"),
        (6000, ""),
        (None, ""),
    ],
)
def test_a_duration_is_judged_where_it_is_known(duration_ms: int | None, sentence: str):
    expect = Expect(min_duration_ms=5000, max_duration_ms=8000)
    assert judge_exit(0, duration_ms, expect).detail == sentence


def test_the_exit_code_is_judged_before_the_duration():
    assert judge_exit(1, 0, Expect(min_duration_ms=5000)).detail == "exit code 1"


def test_output_that_has_what_it_must_lack_is_a_failure():
    assert (
        judge_output(["all\n", "ERROR: x\n"], Expect(output_lacks=("^ERROR",))).detail
        == "the output has '^ERROR'"
    )


def test_each_wanted_pattern_may_lie_in_another_piece():
    assert judge_output(["one\n", "two\n"], Expect(output_has=("two", "one"))).state is RunState.SUCCEEDED


def test_what_is_no_pattern_is_told_and_final():
    judgement = judge_output(["x"], Expect(output_has=("(",)))
    assert judgement.is_final
    assert judgement.detail.startswith("'(' is no pattern: ")
