"""Channels of type log: the message becomes a line of the engine's log."""

from collections.abc import Callable

from cronsole.clock import Clock
from cronsole.model.channel import LogChannel
from cronsole.model.event import Event, MessageLogged
from cronsole.model.message import Message
from cronsole.notify.message import headline, level_of


class LogSender:
    timeout_s = None

    def __init__(self, channel: LogChannel, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._channel = channel
        self._clock = clock
        self._publish = publish

    async def send(self, message: Message) -> None:
        level = self._channel.level or level_of(message)
        self._publish(
            MessageLogged(
                self._clock.now(),
                message.schedule_id,
                self._channel.name,
                message.id,
                level,
                headline(message),
            )
        )
