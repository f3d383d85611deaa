"""Messages in the ledger: rows of the outbox and of memory, and the statements that each change takes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from cronsole.model.instant import DAY
from cronsole.model.message import Deferred, GivenUp, Letter, Message, MessageChange, Posted, Remembered, Sent
from cronsole.store.rows import Row

Rows: TypeAlias = Callable[[Any], Iterable[Row]]

# A memory is for the recent past, and what was given up for someone to look at.
KEPT_MEMORIES = 1_000
_KEPT_FAILED_MS = 90 * DAY


def _posted_rows(change: Posted) -> Iterable[Row]:
    message = change.message
    text = _text(message)
    return [(message.id, channel, text, message.at) for channel in change.channels]


def _itself(change: Any) -> Iterable[Row]:
    return (msgspec.structs.astuple(change),)


CHANGES: dict[type[MessageChange], tuple[tuple[str, Rows], ...]] = {
    Posted: (("post_message", _posted_rows),),
    Sent: (("message_sent", _itself),),
    Deferred: (("message_deferred", _itself),),
    GivenUp: (
        ("message_given_up", _itself),
        ("forget_given_up", lambda change: ((change.at - _KEPT_FAILED_MS,),)),
    ),
    Remembered: (
        ("remember_message", lambda c: ((c.channel, c.message.id, _text(c.message)),)),
        ("forget_oldest", lambda c: ((c.channel, KEPT_MEMORIES),)),
    ),
}


def to_letter(row: Sequence[Any]) -> Letter:
    return Letter(to_message(row[0]), *row[1:])


def to_message(text: str) -> Message:
    return msgspec.json.decode(text, type=Message)


def _text(message: Message) -> str:
    return msgspec.json.encode(message).decode()
