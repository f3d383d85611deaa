"""Our codec against the code that protoc generates from the .proto files beside it."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("grpc_tools", reason="the generated code comes from grpcio-tools")
pytest.importorskip("google.protobuf")

from google.protobuf.message import DecodeError
from tests.dialects.protoc import generated, theirs

from cronsole.dialects.pulse import messages
from cronsole.dialects.pulse.wire import (
    BOOL,
    BYTES,
    DOUBLE,
    INT32,
    OPTIONAL_INT64,
    PAIRS,
    STRING,
    STRINGS,
    Kind,
    Many,
    Message,
    One,
    WireFault,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
OF_KIND: dict[int, st.SearchStrategy[Any]] = {
    id(STRING): TEXT,
    id(BYTES): st.binary(max_size=60),
    id(BOOL): st.booleans(),
    id(DOUBLE): st.floats(allow_nan=False),
    id(INT32): st.integers(-(2**31), 2**31 - 1),
    id(OPTIONAL_INT64): st.none() | st.integers(-(2**63), 2**63 - 1),
    id(STRINGS): st.lists(TEXT, max_size=4).map(tuple),
    id(PAIRS): st.dictionaries(TEXT, TEXT, max_size=4),
}
ALIKE = {
    messages.ScheduleRequest: [f"{verb}ScheduleRequest" for verb in ("Pause", "Resume", "Delete", "Get")],
    messages.ScheduleResponse: [f"{verb}ScheduleResponse" for verb in ("Pause", "Resume", "Delete")],
}
KINDS = [
    kind
    for kind in vars(messages).values()
    if isinstance(kind, type) and issubclass(kind, Message) and kind is not Message
]
PAIRED = [(kind, name) for kind in KINDS for name in ALIKE.get(kind, [kind.__name__])]


def values(kind: Kind) -> st.SearchStrategy[Any]:
    if isinstance(kind, One):
        return st.none() | some(kind.kind)
    if isinstance(kind, Many):
        return st.lists(some(kind.kind), max_size=3).map(tuple)
    return OF_KIND[id(kind)]


def some(kind: type[Message]) -> st.SearchStrategy[Message]:
    return st.builds(kind, **{name: values(field) for name, (_, field) in kind.FIELDS.items()})


def as_theirs(ours: Message, name: str) -> Any:
    made = theirs(name)()
    for field in ours.FIELDS:
        value = getattr(ours, field)
        if isinstance(value, Message):
            getattr(made, field).CopyFrom(as_theirs(value, type(value).__name__))
        elif isinstance(value, dict):
            getattr(made, field).update(value)
        elif isinstance(value, tuple):
            items = [
                as_theirs(item, type(item).__name__) if isinstance(item, Message) else item for item in value
            ]
            getattr(made, field).extend(items)
        elif value is not None:
            setattr(made, field, value)
    return made


@pytest.mark.parametrize(("kind", "name"), PAIRED)
def test_every_message_has_the_fields_numbers_and_names_of_the_proto(kind: type[Message], name: str) -> None:
    descriptor = theirs(name).DESCRIPTOR
    assert {field.name: field.number for field in descriptor.fields} == {
        field: number for field, (number, _) in kind.FIELDS.items()
    }
    assert descriptor.full_name == f"protocol.{name}"


def test_every_message_of_the_proto_is_there() -> None:
    domain, schedule, *_ = generated()
    wanted = {*domain.DESCRIPTOR.message_types_by_name, *schedule.DESCRIPTOR.message_types_by_name}
    assert {name for _, name in PAIRED} == wanted


@given(st.sampled_from(PAIRED).flatmap(lambda pair: st.tuples(some(pair[0]), st.just(pair[1]))))
def test_what_we_write_real_clients_read_and_the_other_way_round(made: tuple[Message, str]) -> None:
    ours, name = made
    expected = as_theirs(ours, name)
    assert theirs(name).FromString(ours.encode()) == expected
    assert type(ours).decode(expected.SerializeToString()) == ours


@given(some(messages.CreateScheduleRequest), st.data())
def test_a_message_that_is_cut_short_is_no_more_to_us_than_to_them(
    made: Message, data: st.DataObject
) -> None:
    whole = made.encode()
    part = whole[: data.draw(st.integers(0, len(whole)))]
    judge(messages.CreateScheduleRequest, "CreateScheduleRequest", part)


@given(st.sampled_from(PAIRED), st.binary(max_size=80))
def test_any_bytes_are_a_message_to_us_exactly_when_they_are_one_to_them(
    pair: tuple[type[Message], str], data: bytes
) -> None:
    judge(*pair, data)


def judge(kind: type[Message], name: str, data: bytes) -> None:
    try:
        expected = theirs(name).FromString(data)
    except DecodeError:
        with pytest.raises(WireFault):
            kind.decode(data)
        return
    if not any(isinstance(value, float) and math.isnan(value) for _, value in expected.ListFields()):
        assert as_theirs(kind.decode(data), name).SerializeToString(deterministic=True) == known(expected)


def known(message: Any) -> bytes:
    message.DiscardUnknownFields()
    return message.SerializeToString(deterministic=True)


def test_a_field_that_nobody_knows_is_passed_over() -> None:
    ours = messages.Empty.decode(messages.ScheduleRequest(auth_token="t", schedule_id="s").encode())
    assert ours == messages.Empty()


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(WireFault, match="not UTF-8"):
        messages.ScheduleRequest.decode(b"\x0a\x02\xff\xfe")


def test_an_unset_timeout_is_told_from_one_of_no_seconds() -> None:
    assert (
        messages.ExecuteJobRequest.decode(messages.ExecuteJobRequest(timeout_secs=0).encode()).timeout_secs
        == 0
    )
    assert messages.ExecuteJobRequest().encode() == b""
