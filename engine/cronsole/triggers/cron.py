"""The cron trigger: a rule on the local time line, a zone, and what to do where local time jumps."""

from typing import Final

from cronsole.model.instant import FAR_FUTURE, Instant, Millis
from cronsole.model.trigger import DstPolicy
from cronsole.triggers.cron_rule import Rule
from cronsole.triggers.zone import FIRST_INSTANT, SWING, Period, Zone

_NOWHERE: Final[tuple[Instant, Instant, Millis]] = (0, 0, 0)


class CronTrigger:
    """The instants at which a rule's local times come about in a zone.

    A fixed time of policy `cron` that lies in a gap fires at the first instant after it, and one that is
    repeated fires the first time. A wildcard of policy `cron`, and all of `physical`, fires whenever the
    local time matches. `skip` fires the first time that a local time matches, if ever.
    """

    __slots__ = ("_fires_after_gap", "_fires_once", "_rule", "_steady", "_zone")

    def __init__(self, rule: Rule, zone: Zone, dst: DstPolicy = DstPolicy.CRON) -> None:
        is_fixed = dst is DstPolicy.CRON and not rule.is_wildcard
        self._rule = rule
        self._zone = zone
        self._fires_after_gap = is_fixed
        self._fires_once = is_fixed or dst is DstPolicy.SKIP
        # The period of the last fire, from where no local time is repeated: its start, end and offset, in one
        # tuple so that it is read and replaced in one step.
        self._steady = _NOWHERE

    def next(self, after: Instant) -> Instant | None:
        """Return the first fire strictly after the instant, or None when there is none."""
        start, end, offset = self._steady
        if start <= after < end:
            fire = self._rule.after(after + offset) - offset
            if fire < end:
                return fire
        return self._search_on(after)

    def previous(self, until: Instant) -> Instant | None:
        """Return the last fire at or before the instant, or None when there is none."""
        at = min(until, FAR_FUTURE)
        while at >= FIRST_INSTANT:
            period = self._zone.period_at(at)
            local = self._rule.before(at + period.offset)
            if local >= self._local_floor(period):
                return local - period.offset
            if self._has_gap_fire(period):
                return period.start
            latest = local - period.offset + SWING
            # Over the local times that match nowhere, unless a transition so near brings back later ones.
            at = min(period.start - 1, latest) if at - SWING > period.start else period.start - 1
        return None

    def count(self, after: Instant, until: Instant) -> int:
        """Return how many fires lie in (after, until]."""
        total, at, until = 0, max(after, FIRST_INSTANT), min(until, FAR_FUTURE)
        while at < until:
            period = self._zone.period_at(at + 1)
            low = max(at + period.offset, self._local_floor(period) - 1)
            if at < period.start and self._has_gap_fire(period):
                # A regular time at the same instant is the same fire.
                total, low = total + 1, max(low, period.start + period.offset)
            at = min(period.end - 1, until)
            total += self._rule.count(low, at + period.offset)
        return total

    def _search_on(self, after: Instant) -> Instant | None:
        at = max(after, FIRST_INSTANT)
        while at < FAR_FUTURE:
            period = self._zone.period_at(at + 1)
            if at < period.start and self._has_gap_fire(period):
                return period.start
            low = max(at + period.offset, self._local_floor(period) - 1)
            fire = self._rule.after(low) - period.offset
            if fire < period.end:
                self._steady = (self._local_floor(period) - period.offset, period.end, period.offset)
                return fire if fire <= FAR_FUTURE else None
            # Over the local times that match nowhere, unless a transition so near brings back earlier ones.
            at = max(period.end - 1, fire - SWING) if at + SWING < period.end else period.end - 1
        return None

    def _local_floor(self, period: Period) -> Millis:
        """Return the earliest local time of a period that may fire."""
        start = period.start + period.offset
        return max(start, period.reached) if self._fires_once else start

    def _has_gap_fire(self, period: Period) -> bool:
        """Return whether a time in the gap before a period fires at its start."""
        if not self._fires_after_gap or period.reached >= period.start + period.offset:
            return False
        return self._rule.after(period.reached - 1) < period.start + period.offset
