"""Hashes that tell whether a definition, or only when it fires, has changed; the same in every process."""

from functools import lru_cache
from hashlib import blake2b

import msgspec

from cronsole.model.policy import Policy
from cronsole.model.schedule import Schedule


def definition_hash(schedule: Schedule) -> str:
    """Return a hash of everything that a schedule says, but not of where it says it."""
    content = _encoder.encode(
        (
            schedule.id,
            schedule.trigger,
            schedule.action,
            schedule.timezone,
            schedule.dst,
            schedule.description,
            schedule.tags,
            schedule.enabled,
            schedule.start,
            schedule.end,
            schedule.max_runs,
            schedule.config,
            *((schedule.invalid,) if schedule.invalid else ()),
        )
    )
    return _digest(content + _policy_bytes(schedule.policy))


def trigger_hash(schedule: Schedule) -> str:
    """Return a hash of what decides which slots a schedule owes; jitter only moves their starts."""
    return _digest(
        _encoder.encode((schedule.trigger, schedule.timezone, schedule.dst, schedule.start, schedule.end))
    )


# Sets have no order of their own, and Python's differs from process to process.
_encoder = msgspec.json.Encoder(order="deterministic")


@lru_cache(maxsize=1024)
def _policy_bytes(policy: Policy) -> bytes:
    return _encoder.encode(policy)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
