import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronsole.client.sse import Message, MessageParser


def messages(*chunks: bytes) -> list[Message]:
    parser = MessageParser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [Message(b"a")]),
        (b"data:a\n\n", [Message(b"a")]),
        (b"data:  a\n\n", [Message(b" a")]),
        (b"data: a\ndata: b\n\n", [Message(b"a\nb")]),
        (b"data\n\n", [Message(b"")]),
        (b"data\ndata\n\n", [Message(b"\n")]),
        (b"data: a\r\rdata: b\r\n\r\n", [Message(b"a"), Message(b"b")]),
        (b"event: x\nid: 7\ndata: a\n\n", [Message(b"a", "x", "7")]),
        (b"id: 7\ndata: a\n\ndata: b\n\n", [Message(b"a", last_id="7"), Message(b"b", last_id="7")]),
        (b"id: 7\ndata: a\n\nid\ndata: b\n\n", [Message(b"a", last_id="7"), Message(b"b", last_id="")]),
        (b"id: 7\n\ndata: b\n\n", [Message(b"b", last_id="7")]),
        (b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [Message(b"a", last_id="1"), Message(b"b", last_id="1")]),
        (b"event: x\n\ndata: b\n\n", [Message(b"b")]),
        (b": comment\n\n:\n\ndata: a\n\n", [Message(b"a")]),
        (b"unknown: x\ndata: a\n\n", [Message(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Message(b"a")]),
        (b"data: \xef\xbb\xbf\n\n", [Message(b"\xef\xbb\xbf")]),
        ("data: \u2028\u0085é\n\n".encode(), [Message("\u2028\u0085é".encode())]),
        (b"data: a\n", []),
        (b"", []),
    ],
)
def test_a_stream_is_read_as_the_standard_has_it(stream: bytes, expected: list[Message]):
    assert messages(stream) == expected


def test_a_message_is_there_as_soon_as_its_carriage_return_is():
    parser = MessageParser()
    assert parser.feed(b"data: a\r\r") == [Message(b"a")]
    assert parser.feed(b"\ndata: b\n\n") == [Message(b"b")]


def test_the_server_may_wish_for_a_wait():
    parser = MessageParser()
    parser.feed(b"retry: 1500\nretry: soon\nretry: 99999999999999999999\n")
    assert parser.retry_ms == 1500


def test_an_id_holds_only_once_its_message_is_complete():
    parser = MessageParser("3")
    parser.feed(b"id: 4\ndata: half")
    assert parser.last_id == "3"
    parser.feed(b"\n\n")
    assert parser.last_id == "4"


PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"data",
        b":",
        b" ",
        b"id: 1",
        b"event: e",
        b"data: x",
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"\0",
    ]
)


@given(st.lists(PIECES, max_size=40).map(b"".join), st.data())
def test_where_the_bytes_are_cut_makes_no_difference(stream: bytes, data: st.DataObject):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert messages(*chunks) == messages(stream)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_one_byte_at_a_time_is_enough(stream: bytes):
    assert messages(*(bytes([byte]) for byte in stream)) == messages(stream)
