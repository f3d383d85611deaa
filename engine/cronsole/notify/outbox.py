"""The outbox: takes what was posted in the ledger to its channels, again and again until they have taken it.

A message leaves the ledger only after its channel took it, so that a crash in between sends it twice and never not
at all. Each channel is served by itself, in order; one that fails or hangs holds up no other.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from cronsole.clock import Clock
from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.channel import Channel
from cronsole.model.event import Event, Warned
from cronsole.model.instant import FAR_FUTURE, MINUTE, SECOND, Instant
from cronsole.model.message import Deferred, GivenUp, Letter, MessageChange, Sent
from cronsole.model.policy import Retry
from cronsole.notify.base import SendFault, Write, written
from cronsole.notify.message import headline
from cronsole.notify.senders import Senders
from cronsole.planning.retry import next_attempt
from cronsole.store.base import Ledger
from cronsole.text import human_duration, plural

# Six tries in the first ten minutes, then one every ten: about a day of trying.
RETRY: Final = Retry(attempts=149, delay_ms=10 * SECOND, backoff=2, max_delay_ms=10 * MINUTE)
# A channel that failed is let be for so long, so that many messages do not knock on a closed door one by one.
_REST_MS: Final = 5 * SECOND
_TROUBLED_S: Final = 5.0
_FINISH_S: Final = 2.0


class Outbox:
    """Delivers messages for as long as `run` goes on; `stirred` is set whenever there may be something new."""

    def __init__(
        self,
        *,
        clock: Clock,
        ledger: Ledger,
        write: Write,
        publish: Callable[[Event], None],
        stirred: asyncio.Event,
        senders: Senders,
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._write = write
        self._publish = publish
        self._stirred = stirred
        self._senders = senders
        self._busy: set[str] = set()
        self._rest_until: dict[str, Instant] = {}
        self._failing: set[str] = set()
        # Channels that were changed, or that this process has not tried yet: what waits for them is due at once.
        self._fresh = set(senders.names)
        self._idle = asyncio.Event()
        stirred.set()

    def use(self, channels: Iterable[Channel]) -> None:
        """Send through these channels from now on; what waits for a changed one is tried at once."""
        changed = self._senders.use(channels)
        self._fresh |= changed
        for channel in changed:
            self._rest_until.pop(channel, None)
        self._stirred.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as deliveries:
            while True:
                self._stirred.clear()
                wait_s = await self._look(deliveries)
                if not self._busy and not self._stirred.is_set():
                    self._idle.set()
                if wait_s is None:
                    await self._stirred.wait()
                else:
                    await self._clock.wait(self._stirred, wait_s)
                self._idle.clear()

    async def idle(self) -> None:
        """Return when nothing is being delivered and nothing is due."""
        if self._stirred.is_set():
            self._idle.clear()
        await self._idle.wait()

    async def close(self) -> None:
        await self._senders.close()

    async def finish(self) -> None:
        """Give what is on its way a moment to arrive; the rest waits for the next engine."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FINISH_S):
                await self.idle()

    async def _look(self, deliveries: asyncio.TaskGroup) -> float | None:
        """Begin the deliveries that are due; return the seconds until the next one is."""
        try:
            waiting = await self._ledger.waiting_channels()
        except (StoreUnavailable, StoreCorrupt):
            # The engine tells of the trouble itself.
            return _TROUBLED_S
        now = self._clock.now()
        to_come: list[Instant] = []
        for channel, due_at in waiting.items():
            if channel in self._busy:
                continue
            due_at = 0 if channel in self._fresh else max(due_at, self._rest_until.get(channel, 0))
            if due_at <= now:
                self._busy.add(channel)
                deliveries.create_task(self._serve(channel), name=f"notify {channel}")
            else:
                to_come.append(due_at)
        return (min(to_come) - now) / SECOND if to_come else None

    async def _serve(self, channel: str) -> None:
        """Deliver what is due for a channel, until nothing is or a try fails."""
        is_fresh = channel in self._fresh
        self._fresh.discard(channel)
        try:
            while letters := await self._pending(channel, is_fresh=is_fresh):
                for letter in letters:
                    if not await self._deliver(letter):
                        return
        except (StoreUnavailable, StoreCorrupt):
            self._rest_until[channel] = self._clock.now() + _REST_MS
        finally:
            self._busy.discard(channel)
            self._stirred.set()

    async def _pending(self, channel: str, *, is_fresh: bool) -> list[Letter]:
        return await self._ledger.pending_messages(channel, FAR_FUTURE if is_fresh else self._clock.now())

    async def _deliver(self, letter: Letter) -> bool:
        """Try once, and put on record what came of it; return whether the message was taken."""
        fault = await self._try(letter)
        if not fault:
            self._failing.discard(letter.channel)
            await written(self._write, Sent(letter.message.id, letter.channel))
            return True
        now = self._clock.now()
        self._rest_until[letter.channel] = now + _REST_MS
        await written(self._write, self._failed(letter, fault, now))
        return False

    async def _try(self, letter: Letter) -> str:
        """Return why the channel did not take the message, and nothing when it did."""
        sender = self._senders.get(letter.channel)
        if sender is None:
            return "no channel is called so any more"
        try:
            async with asyncio.timeout(sender.timeout_s):
                await sender.send(letter.message)
        except SendFault as fault:
            return str(fault)
        except TimeoutError:
            return f"took longer than {human_duration(round((sender.timeout_s or 0) * SECOND))}"
        except Exception as fault:  # noqa: BLE001 - a channel that breaks must not stop the others
            # Its text may hold the secret that the channel was reached with.
            return f"broke with {type(fault).__name__}"
        return ""

    def _failed(self, letter: Letter, fault: str, now: Instant) -> MessageChange:
        """Return when the message is tried again, or that it is given up; tell the first of a row of faults."""
        message, channel, tries = letter.message, letter.channel, letter.tries + 1
        due_at = next_attempt(RETRY, attempt=tries, is_final=False, now=now, seed=message.id)
        if due_at is None:
            told = f'"{headline(message)}" is given up after {plural(tries, "try", "tries")}'
            self._publish(Warned(now, f"notify.{channel}: {told}: {fault}"))
            return GivenUp(message.id, channel, tries, now, fault)
        if channel not in self._failing:
            self._failing.add(channel)
            self._publish(Warned(now, f"notify.{channel}: {fault}; what it is told waits"))
        return Deferred(message.id, channel, tries, due_at, fault)
