"""Messages: what people and programs elsewhere are told, and what becomes of each on its way to a channel."""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from cronsole.model.instant import Instant
from cronsole.model.run import Range, RunState, SkipReason


class MessageKind(StrEnum):
    """What a message is about; `recovery` is the first success after a failure."""

    FAILURE = "failure"
    SUCCESS = "success"
    SKIP = "skip"
    MISSED = "missed"
    RECOVERY = "recovery"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be told. Its id stays the same however often it is sent, so that a receiver knows a repetition.

    `stands_for` are the slots of a missed row, `output` the last lines that a run wrote.
    """

    id: str
    kind: MessageKind
    at: Instant
    schedule_id: str
    state: RunState
    run_id: str = ""
    description: str = ""
    origin: str = ""
    node: str = ""
    slot: Instant | None = None
    stands_for: Range | None = None
    reason: SkipReason | None = None
    detail: str = ""
    exit_code: int | None = None
    attempt: int = 1
    output: str = ""


class Letter(msgspec.Struct, frozen=True):
    """A message on its way to one channel; `detail` says why the last of its tries failed.

    With `failed_at` it was given up.
    """

    message: Message
    channel: str
    tries: int = 0
    due_at: Instant = 0
    failed_at: Instant | None = None
    detail: str = ""


class Posted(msgspec.Struct, frozen=True):
    """A message is to go to these channels. It is written with the outcome that it tells, or with it refused."""

    message: Message
    channels: tuple[str, ...]


class Sent(msgspec.Struct, frozen=True):
    """The channel has taken the message."""

    message_id: str
    channel: str


class Deferred(msgspec.Struct, frozen=True):
    """A try failed, and another follows at `due_at`."""

    message_id: str
    channel: str
    tries: int
    due_at: Instant
    detail: str


class GivenUp(msgspec.Struct, frozen=True):
    """The last try failed: the message is kept as failed, and not tried again."""

    message_id: str
    channel: str
    tries: int
    at: Instant
    detail: str


class Remembered(msgspec.Struct, frozen=True):
    """A channel of type memory has taken the message into the ledger."""

    message: Message
    channel: str


MessageChange: TypeAlias = Posted | Sent | Deferred | GivenUp | Remembered
