"""When a failed attempt is followed by another."""

import math

from cronsole.model.instant import Instant
from cronsole.model.policy import Retry
from cronsole.planning.jitter import fraction


def next_attempt(policy: Retry, *, attempt: int, is_final: bool, now: Instant, seed: str) -> Instant | None:
    """Return when the attempt after the given one (from 1) starts, or None when there is none."""
    if is_final or attempt > policy.attempts:
        return None
    delay = float(policy.delay_ms)
    if delay > 0 and policy.backoff > 0:
        # In logarithms, because a long row of retries would leave the range of a float.
        exponent = math.log(delay) + (attempt - 1) * math.log(policy.backoff)
        ceiling = math.log(max(1, policy.max_delay_ms))
        delay = policy.max_delay_ms if exponent >= ceiling else delay * policy.backoff ** (attempt - 1)
    extra = int(fraction(f"{seed}\0{attempt}") * (policy.jitter_ms + 1)) if policy.jitter_ms > 0 else 0
    return now + round(delay) + extra
