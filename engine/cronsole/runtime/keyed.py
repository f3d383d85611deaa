"""Requests under an idempotency key: one that is repeated is answered as the first time, and not carried out again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b
from typing import TypeVar
from weakref import WeakValueDictionary

import msgspec

from cronsole.clock import Clock
from cronsole.errors import KeyReused
from cronsole.store.base import KeyUsed, Ledger

T = TypeVar("T")

# Equal requests have equal digests, whatever the order of their keys was.
_encoder = msgspec.json.Encoder(order="deterministic")


class Request:
    """One request, with a key or without."""

    def __init__(self, clock: Clock, actor: str, key: str, digest: str, earlier: KeyUsed | None) -> None:
        self._clock = clock
        self._actor = actor
        self._key = key
        self._digest = digest
        self._earlier = earlier

    def answer(self, kind: type[T]) -> T | None:
        """Return what was answered when the request was made before, or None when it is new."""
        return None if self._earlier is None else msgspec.json.decode(self._earlier.result, type=kind)

    def used(self, answer: object, run_ids: tuple[str, ...] = ()) -> tuple[KeyUsed, ...]:
        """Return what has to be written together with what the request brings about."""
        if not self._key:
            return ()
        result = msgspec.json.encode(answer).decode()
        return (KeyUsed(self._actor, self._key, self._digest, result, self._clock.now(), run_ids),)


class Keyed:
    """Keeps requests under one key apart in time, so that the second of two finds the answer of the first."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self._clock = clock
        self._ledger = ledger
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def request(self, actor: str, key: str, *asked: object) -> AsyncIterator[Request]:
        """Open a request for what was asked; KeyReused where its key stands for something else."""
        if not key:
            yield Request(self._clock, actor, "", "", None)
            return
        lock = self._locks.setdefault((actor, key), asyncio.Lock())
        async with lock:
            digest = blake2b(_encoder.encode(asked), digest_size=16).hexdigest()
            earlier = await self._ledger.key_used(actor, key)
            if earlier is not None and earlier.digest != digest:
                raise KeyReused(f"the key {key!r} was used before, for another request; take a fresh one")
            yield Request(self._clock, actor, key, digest, earlier)
