"""Whatever a plugin says ends in an outcome with a sentence: nothing of it reaches the engine as an exception."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plugins.processes import job, opened, write_plugin

from cronsole.dialects.ductile import POLL
from cronsole.dialects.pulse import PulseWords
from cronsole.errors import CronsoleError
from cronsole.executors.libc import become_subreaper
from cronsole.model.run import RunState

SAYS = """#!{python}
import sys
sys.stdin.buffer.read()
sys.stdout.buffer.write(bytes.fromhex("{stdout}"))
sys.exit({code})
"""

NOT_ANSWERS = {
    "nothing": b"",
    "no JSON": b"Traceback (most recent call last):",
    "half a document": b'{"status": "ok", "resu',
    "two documents": b'{"status": "ok", "result": "a"}{"status": "ok", "result": "b"}',
    "a list": b'["ok"]',
    "another status": b'{"status": "fine", "result": "a"}',
    "ok without a result": b'{"status": "ok"}',
    "error without a word": b'{"status": "error", "error": ""}',
    "state that is no table": b'{"status": "ok", "result": "a", "state_updates": [1]}',
    "logs of another kind": b'{"status": "ok", "result": "a", "logs": [{"level": 3}]}',
    "no UTF-8": b'{"status": "ok", "result": "\xff\xfe"}',
    "a number beyond all": b'{"status": "ok", "result": 1e999}',
    "deeper than anything": b'{"status": "ok", "result": "a", "state_updates": {"a": ' + b"[" * 20_000,
}


@pytest.mark.parametrize("stdout", NOT_ANSWERS.values(), ids=NOT_ANSWERS.keys())
async def test_what_is_no_answer_fails_the_run_with_a_sentence_and_may_be_tried_again(
    tmp_path: Path, stdout: bytes
) -> None:
    become_subreaper()
    told = SAYS.format(python=sys.executable, stdout=stdout.hex(), code=0)
    plugin = await opened(write_plugin(tmp_path, told))
    outcome = await plugin.call(job(tmp_path), POLL)
    await plugin.close()
    assert (outcome.state, outcome.is_final) == (RunState.FAILED, False)
    assert outcome.detail
    assert outcome.remembered is None


words = PulseWords()


READERS: list[Callable[[bytes], object]] = [
    words.read_executed,
    words.read_health,
    words.read_version,
    lambda answer: words.read_declared("glyphs", answer),
]


@pytest.mark.parametrize("read", READERS)
@given(answer=st.binary(max_size=300))
def test_whatever_a_remote_plugin_answers_is_read_or_refused_in_a_sentence(
    read: Callable[[bytes], object], answer: bytes
) -> None:
    refusals: list[str] = []
    try:
        read(answer)
    except CronsoleError as fault:
        refusals.append(str(fault))
    assert all(refusals)


@given(answer=st.binary(max_size=300))
def test_what_it_announces_is_its_own_or_refused_with_a_reason(answer: bytes) -> None:
    with suppress(CronsoleError):
        declared = words.read_declared("glyphs", answer)
        assert all(schedule.id.startswith("glyphs/") for schedule in declared.schedules)
        assert all(refused.reason for refused in declared.refused)
