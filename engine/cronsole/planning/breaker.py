"""The circuit breaker of a schedule: closed, open, half-open."""

from cronsole.model.instant import Instant
from cronsole.model.policy import CircuitBreaker
from cronsole.model.run import RunState
from cronsole.model.schedule import Breaker

_CLOSED = Breaker()


def is_open(breaker: Breaker, policy: CircuitBreaker, now: Instant) -> bool:
    """Tell whether no run may pass: open and not yet reset, or half-open with its one run on the way."""
    if breaker.opened_at is None:
        return False
    return breaker.is_probing or now < breaker.opened_at + policy.reset_after_ms


def is_half_open(breaker: Breaker, policy: CircuitBreaker, now: Instant) -> bool:
    """Tell whether the next run is the one that is let through."""
    return breaker.opened_at is not None and not is_open(breaker, policy, now)


def probe(breaker: Breaker) -> Breaker:
    """Return the breaker with its one run let through."""
    return Breaker(breaker.failures, breaker.opened_at, is_probing=True)


def after_run(breaker: Breaker, policy: CircuitBreaker, state: RunState, now: Instant) -> Breaker:
    """Return the breaker after a run has ended in a state."""
    if state is RunState.SUCCEEDED:
        return _CLOSED
    if not state.is_failure:
        # Neutral: whoever was let through proved nothing, so the next one may try.
        return Breaker(breaker.failures, breaker.opened_at) if breaker.is_probing else breaker
    failures = breaker.failures + 1
    if breaker.opened_at is not None and not breaker.is_probing:
        # A run that began before the circuit opened does not put off its reset.
        return Breaker(failures, breaker.opened_at)
    if breaker.is_probing or failures >= policy.threshold:
        return Breaker(failures, now)
    return Breaker(failures)
