"""What a channel is asked to do, how it says that it could not, and how what became of a message is put on record."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from cronsole.errors import CronsoleError
from cronsole.model.message import Message, MessageChange


class SendFault(CronsoleError):
    """A message that a channel did not take; the sentence names no secret, so that it can be stored and shown."""


class Sender(Protocol):
    """One channel, ready to take messages."""

    @property
    def timeout_s(self) -> float | None:
        """How long a message may take; None where the channel never hangs."""
        ...

    async def send(self, message: Message) -> None:
        """Return when the channel has taken the message, or raise SendFault; the loop is never held up."""
        ...


class Write(Protocol):
    def __call__(self, change: MessageChange, *, then: Callable[[], None]) -> None:
        """Write the change to the ledger as soon as that can be written, then call back."""
        ...


async def written(write: Write, change: MessageChange) -> None:
    """Return when the change is in the ledger."""
    done = asyncio.Event()
    write(change, then=done.set)
    await done.wait()
