"""Channels of type apprise: any of the services that the library Apprise knows."""

from collections.abc import Mapping
from functools import partial

from cronsole.config.secrets import resolve_text
from cronsole.errors import ConfigError, MissingExtra
from cronsole.executors.threads import ThreadPool
from cronsole.model.channel import AppriseChannel
from cronsole.model.message import Message
from cronsole.notify.base import SendFault
from cronsole.notify.message import headline, text_of


class AppriseSender:
    def __init__(self, channel: AppriseChannel, environ: Mapping[str, str]) -> None:
        self._channel = channel
        self._environ = environ
        self.timeout_s = channel.timeout_ms / 1000
        # The library blocks. A thread that hangs in it is left behind when the time is up, and holds up nobody.
        self._threads = ThreadPool(1)

    async def send(self, message: Message) -> None:
        try:
            url = resolve_text(self._channel.url, self._environ)
        except ConfigError as fault:
            raise SendFault(str(fault)) from fault
        await self._threads.run(partial(_notify, url, headline(message), text_of(message)), _let_be)


def _let_be() -> None:
    """A call that went on too long is nobody's business any more."""


def _notify(url: str, title: str, body: str) -> None:
    try:
        import apprise
    except ImportError as missing:
        raise SendFault(str(MissingExtra("a channel of type apprise", "notify"))) from missing
    service = apprise.Apprise()
    if not service.add(url):
        raise SendFault("its URL is none that Apprise knows")
    if not service.notify(body=body, title=title):
        raise SendFault("Apprise could not deliver it")
