import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.model.run import RunState
from cronsole.plugins.answers import answer_in
from cronsole.plugins.protocol2 import (
    MOST_STATE,
    MOST_STDOUT,
    Answer,
    Broken,
    Request,
    decode,
    encode,
    judge,
    lines_of,
    merged,
    timeout_of,
)
from cronsole.text import safe

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["ok", "error"]) | JSON,
        "result": st.text() | JSON,
        "error": st.text() | JSON,
        "retry": st.booleans() | JSON,
        "events": st.lists(st.fixed_dictionaries({"type": st.text(), "payload": JSON})) | JSON,
        "state_updates": st.dictionaries(st.text(), JSON) | JSON,
        "logs": st.lists(st.fixed_dictionaries({"level": st.text(), "message": st.text()})) | JSON,
        "unheard_of": JSON,
    },
)


def request(**fields: Any) -> Request:
    values: dict[str, Any] = {
        "job_id": "j1",
        "command": "poll",
        "deadline_at": 1_774_746_000_000,
        "config": {"a": 1},
        "state": {"cursor": 3},
        "context": {"attempt": 1},
    }
    return Request(**(values | fields))


def said(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def broken(stdout: bytes) -> str:
    with pytest.raises(Broken) as caught:
        decode(stdout)
    return str(caught.value)


def test_a_request_is_one_json_document_on_one_line():
    document = encode(request())
    assert document.endswith(b"\n")
    assert document.count(b"\n") == 1
    assert json.loads(document) == {
        "protocol": 2,
        "job_id": "j1",
        "command": "poll",
        "config": {"a": 1},
        "state": {"cursor": 3},
        "context": {"attempt": 1},
        "deadline_at": "2026-03-29T01:00:00.000Z",
    }


def test_a_request_has_payload_event_and_secrets_only_where_there_are_any():
    document = json.loads(encode(request(payload={"x": 1}, event={"type": "t"}, secrets={"key": "s"})))
    assert document["payload"] == {"x": 1}
    assert document["event"] == {"type": "t"}
    assert document["secrets"] == {"key": "s"}


def test_an_answer_is_read_whole():
    answer = decode(
        said(
            status="ok",
            result="3 new",
            retry=True,
            events=[{"type": "measured", "payload": {"kg": 80}, "dedupe_key": "k"}],
            state_updates={"cursor": 4},
            logs=[{"level": "warn", "message": "slow"}],
            something_of_tomorrow=1,
        )
    )
    assert answer.is_ok
    assert answer.text == "3 new"
    assert answer.may_retry is True
    assert answer.state_updates == {"cursor": 4}
    assert lines_of(answer) == ["warn: slow", 'event measured {"kg":80}', "3 new"]


def test_null_is_as_good_as_left_out():
    answer = decode(
        said(status="ok", result="x", error=None, retry=None, events=None, state_updates=None, logs=None)
    )
    assert answer == Answer(is_ok=True, text="x")


def test_result_is_needed_if_ok_and_error_if_error():
    assert broken(said(status="ok")) == "its answer says status 'ok' and has no result"
    assert broken(said(status="ok", result="  ")) == "its answer says status 'ok' and has no result"
    assert broken(said(status="error", result="x")) == "its answer says status 'error' and has no error"


@pytest.mark.parametrize(
    ("stdout", "told"),
    [
        (b"", "it wrote nothing to stdout, where its answer belongs"),
        (b" \n", "it wrote nothing to stdout, where its answer belongs"),
        (b"hello", "its output is not JSON"),
        (b'{"status": "ok", "result": "x"', "its output is not JSON"),
        (b'{"status": "ok", "result": "x"} {}', "its output is not JSON"),
        (b'{"status": "ok", "result": "\xff"}', "its output is not JSON"),
        (b"[]", "its answer is not one of protocol 2"),
        (b'{"status": "fine", "result": "x"}', "its answer is not one of protocol 2"),
        (b'{"status": "ok", "result": 3}', "its answer is not one of protocol 2"),
        (b'{"status": "ok", "result": "x", "retry": "no"}', "its answer is not one of protocol 2"),
        (b'{"status": "ok", "result": "x", "state_updates": []}', "its answer is not one of protocol 2"),
        (b'{"status": "ok", "result": "x", "logs": [{}]}', "its answer is not one of protocol 2"),
        (b'{"status":"ok","result":"x","state_updates":{"a":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_answer_is_told_in_a_sentence(stdout, told):
    assert told in broken(stdout)


def test_stdout_over_10_mib_fails():
    answer = b'{"status": "ok", "result": "x"}'
    assert decode(answer + b" " * (MOST_STDOUT - len(answer))).is_ok
    assert broken(answer + b" " * MOST_STDOUT) == "its output is longer than 10 MiB"


def test_a_valid_ok_counts_even_when_the_exit_code_is_not_0():
    assert judge(decode(said(status="ok", result="done")), 3).state is RunState.SUCCEEDED
    assert judge(decode(said(status="ok", result="done")), -9).state is RunState.SUCCEEDED


def test_exit_78_or_retry_false_is_final():
    error = decode(said(status="error", error="no"))
    assert judge(error, 78).is_final
    assert judge(decode(said(status="error", error="no", retry=False)), 0).is_final
    assert judge(Broken("no answer"), 78).is_final


def test_no_or_broken_json_and_an_error_that_says_nothing_are_retried():
    assert not judge(Broken("no answer"), 1).is_final
    assert not judge(decode(said(status="error", error="later")), 1).is_final
    assert not judge(decode(said(status="error", error="later", retry=True)), 0).is_final


def test_how_it_exited_is_told_beside_an_answer_that_is_missing():
    told = judge(Broken("it wrote nothing to stdout, where its answer belongs"), -11).detail
    assert told == "it wrote nothing to stdout, where its answer belongs; killed by SIGSEGV"


def test_state_updates_merge_shallowly():
    assert merged({"a": {"x": 1}, "b": 2}, {"a": {"y": 1}}) == {"a": {"y": 1}, "b": 2}


def test_a_state_that_outgrows_what_is_kept_is_refused():
    with pytest.raises(Broken, match="1,048,576 are kept"):
        merged({}, {"a": "x" * MOST_STATE})


def test_what_a_plugin_says_cannot_reach_into_the_terminal():
    answer = decode(said(status="error", error="\x1b[2Jgone\nand more"))
    assert judge(answer, 0).detail == "\\x1b[2Jgone"


@pytest.mark.parametrize(
    ("command", "millis"),
    [("poll", 60_000), ("handle", 120_000), ("health", 10_000), ("init", 30_000), ("token_refresh", 60_000)],
)
def test_a_command_has_the_timeout_of_the_protocol_unless_it_is_given_one(command, millis):
    assert timeout_of(command, {}) == millis
    assert timeout_of(command, {command: 5}) == 5


@given(st.binary(max_size=400) | ANSWERS.map(msgspec.json.encode))
def test_whatever_comes_is_an_answer_or_a_sentence(stdout):
    answer = answer_in(stdout)
    told = judge(answer, 0)
    # Not isprintable: what this Python does not know yet is no control sequence.
    assert safe(told.detail) == told.detail
    assert told.state is (
        RunState.SUCCEEDED if isinstance(answer, Answer) and answer.is_ok else RunState.FAILED
    )


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.integers(0, 60))
def test_an_answer_that_is_cut_off_is_never_taken_for_a_whole_one(updates, cut):
    whole = msgspec.json.encode({"status": "ok", "result": "done", "state_updates": updates})
    if 0 < cut < len(whole):
        assert "its output is not JSON" in broken(whole[:-cut])


def test_of_endless_logs_and_events_the_first_are_told_and_the_rest_counted():
    answer = decode(
        b'{"status":"ok","result":"done","logs":[%s],"events":[%s]}'
        % (b",".join([b'{"message":"m"}'] * 9_999), b",".join([b'{"type":"t"}'] * 12))
    )
    lines = lines_of(answer)
    assert lines[9_998:] == ["info: m", "event t", "… 11 more logs and events were not kept …", "done"]


def test_state_that_cannot_be_kept_is_not_even_taken_apart():
    with pytest.raises(Broken, match="its state would take 3,000,007 bytes; 1,048,576 are kept"):
        decode(
            b'{"status":"ok","result":"x","state_updates":{"a":[' + b",".join([b"[]"] * 1_000_000) + b"]}}"
        )


@pytest.mark.parametrize("updates", ["[1]", "5", '"a"', "true"])
def test_state_updates_are_an_object(updates):
    with pytest.raises(Broken, match="state_updates"):
        decode(f'{{"status":"ok","result":"x","state_updates": {updates}}}'.encode())


@pytest.mark.parametrize("payload", ["[1]", "5", '"a"', "null"])
def test_the_payload_of_an_event_is_an_object(payload):
    with pytest.raises(Broken, match=r"events\[0\]\.payload is no object"):
        decode(f'{{"status":"ok","result":"x","events":[{{"type":"t","payload": {payload}}}]}}'.encode())
