"""How simulated runs end: how long they take, and with which exit code."""

import math
from statistics import NormalDist

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.policy import Expect
from cronsole.model.run import RunState
from cronsole.model.schedule import Schedule
from cronsole.planning.jitter import fraction
from cronsole.simulate.happenings import Duration, Failure, Happenings

# The exit code of a wrong configuration, which no retry can mend.
_FINAL_EXIT_CODE = 78
_NORMAL = NormalDist()


class Outcome(msgspec.Struct, frozen=True):
    """How one attempt ends, if nobody stops it."""

    duration_ms: Millis
    state: RunState
    detail: str = ""
    is_final: bool = False


_AT_ONCE = Outcome(0, RunState.SUCCEEDED)


class Script:
    """What is told about the runs of one schedule; of several durations the last that covers it holds."""

    def __init__(self, schedule: Schedule, happenings: Happenings) -> None:
        self._id = schedule.id
        self._expect = schedule.policy.expect
        self._timeout_ms = schedule.policy.timeout_ms
        durations = [each for each in happenings.duration if each.covers(schedule)]
        self._duration = durations[-1] if durations else None
        self._failures = tuple(each for each in happenings.failure if each.covers(schedule))
        self.stop_ms = self._duration.stop if self._duration else 0
        self._is_plain = not (self._duration or self._failures) and self._expect == Expect()

    def outcome(self, at: Instant, attempt: int) -> Outcome:
        """Return how an attempt of the run ends whose slot, or start without one, is at the instant."""
        if self._is_plain:
            return _AT_ONCE
        duration_ms = _length(self._duration, f"{self._id}\0{at}\0{attempt}") if self._duration else 0
        if self._timeout_ms is not None and duration_ms > self._timeout_ms:
            return Outcome(self._timeout_ms, RunState.TIMED_OUT, "timeout")
        exit_code = self._exit_code(at, attempt)
        if exit_code not in self._expect.exit_codes:
            is_final = exit_code == _FINAL_EXIT_CODE
            return Outcome(duration_ms, RunState.FAILED, f"exit code {exit_code}", is_final)
        fault = _suspicion(self._expect, duration_ms)
        return Outcome(duration_ms, RunState.FAILED if fault else RunState.SUCCEEDED, fault)

    def _exit_code(self, at: Instant, attempt: int) -> int:
        for failure in self._failures:
            if _fails(failure, at, attempt, f"{failure.seed}\0{self._id}\0{at}\0{attempt}"):
                return failure.exit_code
        return 0


def _length(duration: Duration, seed: str) -> Millis:
    chance = fraction(f"{duration.seed}\0{seed}")
    if duration.fixed is not None:
        return duration.fixed
    if duration.median is not None:
        return round(duration.median * math.exp(duration.sigma * _NORMAL.inv_cdf(max(chance, 1e-9))))
    low, high = duration.min or 0, duration.max or 0
    return low + int(chance * (max(low, high) - low + 1))


def _fails(failure: Failure, at: Instant, attempt: int, seed: str) -> bool:
    if failure.attempts is not None and attempt > failure.attempts:
        return False
    if (failure.start is not None and at < failure.start) or (failure.end is not None and at >= failure.end):
        return False
    if failure.slots:
        return at in failure.slots
    return failure.probability is None or fraction(seed) < failure.probability


def _suspicion(expect: Expect, duration_ms: Millis) -> str:
    if expect.min_duration_ms is not None and duration_ms < expect.min_duration_ms:
        return "shorter than expected"
    if expect.max_duration_ms is not None and duration_ms > expect.max_duration_ms:
        return "longer than expected"
    return ""
