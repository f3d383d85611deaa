"""One sender for each channel, kept for as long as its definition stays the same."""

from collections.abc import Callable, Iterable, Mapping

from cronsole.clock import Clock
from cronsole.model.channel import (
    AppriseChannel,
    Channel,
    CommandChannel,
    LogChannel,
    MemoryChannel,
    WebhookChannel,
)
from cronsole.model.event import Event
from cronsole.notify.apprise import AppriseSender
from cronsole.notify.base import Sender, Write
from cronsole.notify.command import CommandSender
from cronsole.notify.log import LogSender
from cronsole.notify.memory import MemorySender
from cronsole.notify.webhook import HttpClient, WebhookSender


class Senders:
    def __init__(
        self,
        channels: Iterable[Channel],
        *,
        clock: Clock,
        environ: Mapping[str, str],
        write: Write,
        publish: Callable[[Event], None],
    ) -> None:
        self._clock = clock
        self._environ = environ
        self._write = write
        self._publish = publish
        self._http = HttpClient()
        self._channels: dict[str, Channel] = {}
        self._senders: dict[str, Sender] = {}
        self.use(channels)

    @property
    def names(self) -> Iterable[str]:
        return self._channels

    def use(self, channels: Iterable[Channel]) -> set[str]:
        """Have a sender for each of these channels and for no other; return the names of the new and the changed."""
        wanted = {channel.name: channel for channel in channels}
        changed = {name for name, channel in wanted.items() if self._channels.get(name) != channel}
        self._senders = {
            name: self._make(channel) if name in changed else self._senders[name]
            for name, channel in wanted.items()
        }
        self._channels = wanted
        return changed

    def get(self, name: str) -> Sender | None:
        return self._senders.get(name)

    async def close(self) -> None:
        await self._http.close()

    def _make(self, channel: Channel) -> Sender:
        match channel:
            case LogChannel():
                return LogSender(channel, self._clock, self._publish)
            case WebhookChannel():
                return WebhookSender(channel, self._http, self._environ)
            case CommandChannel():
                return CommandSender(channel, self._environ)
            case MemoryChannel():
                return MemorySender(channel, self._write)
            case AppriseChannel():
                return AppriseSender(channel, self._environ)
