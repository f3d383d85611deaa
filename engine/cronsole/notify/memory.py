"""Channels of type memory: the message goes into a table of the ledger, for other parts to read."""

from cronsole.model.channel import MemoryChannel
from cronsole.model.message import Message, Remembered
from cronsole.notify.base import Write, written


class MemorySender:
    timeout_s = None

    def __init__(self, channel: MemoryChannel, write: Write) -> None:
        self._channel = channel
        self._write = write

    async def send(self, message: Message) -> None:
        await written(self._write, Remembered(message, self._channel.name))
