"""What monitoring collects: counted as events come by, measured when somebody looks, labelled by kinds alone.

No label holds a schedule's id: 60,000 schedules would make as many series of each metric.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

import cronsole
from cronsole.api.facade import Facade
from cronsole.model.event import (
    Event,
    RunFinished,
    RunQueued,
    RunRetryScheduled,
    RunStarted,
    SlotSkipped,
    SlotsMissed,
)
from cronsole.model.instant import SECOND

_LATENESS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_DURATION: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 300, 900, 3600, 14_400)
_UNKNOWN: Final = "unknown"
_MOST_REMEMBERED: Final = 50_000


class Metrics(Collector):
    """A registry of its own, so that what a plugin counts elsewhere does not mix in."""

    def __init__(self, facade: Facade) -> None:
        self._facade = facade
        self._causes: dict[str, str] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._count_events()
        facade.listen(self.note)

    def _count_events(self) -> None:
        registry = self._registry
        self._finished = Counter(
            "cronsole_runs",
            "Runs that ended, by how and by what made them.",
            ("state", "cause"),
            registry=registry,
        )
        self._retries = Counter("cronsole_run_retries", "Attempts that another follows.", registry=registry)
        self._skipped = Counter(
            "cronsole_slots_skipped", "Slots without a run, by reason.", ("reason",), registry=registry
        )
        self._missed = Counter("cronsole_slots_missed", "Slots that passed unseen.", registry=registry)
        self._lateness = Histogram(
            "cronsole_run_lateness_seconds",
            "From when a run was due to its start.",
            buckets=_LATENESS,
            registry=registry,
        )
        self._duration = Histogram(
            "cronsole_run_duration_seconds",
            "From the start of an attempt to its end.",
            buckets=_DURATION,
            registry=registry,
        )

    def collect(self) -> Iterator[Metric]:
        """Measure; called by the registry whenever somebody collects."""
        gauges = self._facade.gauges()
        schedules = GaugeMetricFamily("cronsole_schedules", "Schedules, by status.", labels=["status"])
        for status, count in gauges.schedules.items():
            schedules.add_metric([status], count)
        yield schedules
        plugins = GaugeMetricFamily("cronsole_plugins", "Plugins, by status.", labels=["status"])
        for status, count in gauges.plugins.items():
            plugins.add_metric([status], count)
        yield plugins
        build = GaugeMetricFamily("cronsole_build_info", "What is running.", labels=["version"])
        build.add_metric([cronsole.__version__], 1)
        yield build
        next_due = 0.0 if gauges.next_due is None else gauges.next_due / SECOND
        for name, told, value in (
            ("runs_running", "Runs that go on.", gauges.running),
            ("runs_queued", "Runs that wait for their turn.", gauges.queued),
            ("next_fire_timestamp_seconds", "When the next schedule is due; 0 when none is.", next_due),
            ("loop_lag_seconds", "How late the event loop wakes.", gauges.loop_lag_seconds),
            ("start_timestamp_seconds", "When the engine started.", gauges.started_at / SECOND),
            ("ready", "1 while schedules fire.", float(self._facade.is_ready())),
        ):
            yield GaugeMetricFamily(f"cronsole_{name}", told, value=value)
        yield CounterMetricFamily(
            "cronsole_database_seconds", "Time spent on commits of the ledger.", value=gauges.database_seconds
        )
        yield CounterMetricFamily(
            "cronsole_database_commits", "Commits of the ledger.", value=gauges.database_commits
        )

    def note(self, event: Event) -> None:
        """Count an event of the bus."""
        match event:
            case RunQueued():
                self._remember(event.run_id, event.cause.value)
            case RunStarted():
                self._remember(event.run_id, event.cause.value)
                self._lateness.observe(max(0, event.at - event.due_at) / SECOND)
            case RunFinished():
                cause = self._causes.pop(event.run_id, _UNKNOWN)
                self._finished.labels(event.state.value, cause).inc()
                self._duration.observe(event.duration_ms / SECOND)
            case RunRetryScheduled():
                self._retries.inc()
            case SlotSkipped():
                self._skipped.labels(event.reason.value).inc()
            case SlotsMissed():
                self._missed.inc(event.missed.count)
            case _:
                pass

    def _remember(self, run_id: str, cause: str) -> None:
        """Keep why a run was made until it ends; a run that is skipped in the queue never does."""
        self._causes[run_id] = cause
        if len(self._causes) > _MOST_REMEMBERED:
            del self._causes[next(iter(self._causes))]

    def text(self) -> bytes:
        """Return everything in the text format, measured now."""
        return generate_latest(self._registry)
