import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.config.secrets import resolve_config
from cronsole.runtime.payloads import Kept, pack, since_last_run, unpack

AT = 1_774_746_000_000


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode(errors="ignore")))
def test_what_is_packed_comes_back_to_the_byte_and_nothing_in_it_is_a_reference(data: bytes) -> None:
    kept = Kept(data.decode(errors="surrogateescape"), {"k": "${env:HOME}"})
    assert unpack(resolve_config(pack(kept), {})) == kept


@pytest.mark.parametrize("payload", ["${env:NOBODY}", "$${file:/etc/passwd}", "$$${env:A}", "${env:"])
def test_a_reference_in_a_payload_stays_the_text_that_it_is(payload: str) -> None:
    assert unpack(resolve_config(pack(Kept(payload, {})), {})) == Kept(payload, {})


@pytest.mark.parametrize(
    "config",
    [
        "",
        "7",
        "{",
        '{"payload":"x"}',
        '{"payload":7,"metadata":{}}',
        '{"payload":"x","metadata":[]}',
        '{"payload_base64":"?","metadata":{}}',
        '{"payload":"x","metadata":{},"more":1}',
    ],
)
def test_a_config_of_somebody_elses_is_left_to_them(config: str) -> None:
    assert unpack(config) is None


def test_since_the_last_run_is_its_time_and_all_else_stays_in_order() -> None:
    payload = '{"z": 12345678901234567890, "since": "last_run", "a": "ü"}'
    assert since_last_run(payload, AT) == '{"z":12345678901234567890,"since":"2026-03-29T01:00:00Z","a":"ü"}'
    assert json.loads(since_last_run(payload, None)) == {"z": 12345678901234567890, "a": "ü"}


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "since last_run",
        '["since","last_run"]',
        '{"since": "last_run"',
        '{"a":{"since":"last_run"}}',
        '{"since":"last_run","a":' + "[" * 99_999,
    ],
)
def test_since_in_anything_but_the_object_itself_stays(payload: str) -> None:
    assert since_last_run(payload, AT) == payload
