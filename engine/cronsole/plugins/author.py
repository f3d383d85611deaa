"""What an author of a Python plugin writes against: re-exported from `cronsole`, and kept small.

from cronsole import Plugin, RunContext, Schedule

class Cleaner(Plugin):
    name = "cleaner"

    def schedules(self):
        return [Schedule(id="gc", cron="5m", description="garbage collect expired tokens")]

    def run(self, ctx: RunContext):
        ctx.logger.info("run %d of %s", ctx.run_count, ctx.schedule_id)
"""

from collections.abc import Awaitable, Sequence

import msgspec

from cronsole.executors.context import RunContext
from cronsole.model.policy import Locking, MissedRunPolicy

HOUR_MS = 3_600_000


class Schedule(msgspec.Struct, frozen=True):
    """One schedule as its plugin declares it; exactly one of `cron`, `every` and `at` says when.

    `id` is unique within the plugin. `missed_run_policy` and `locking` take `run_once` as well as `RunOnce`.
    `config_json` is handed back as `ctx.config_json` and never interpreted. A run that takes longer than
    `timeout_ms` is ended; None lets it run as long as it likes.
    """

    id: str
    cron: str | None = None
    description: str = ""
    jitter_ms: int = 0
    missed_run_policy: MissedRunPolicy | str = MissedRunPolicy.RUN_ONCE
    locking: Locking | str = Locking.PREFER_GLOBAL
    config_json: str = ""
    every: str | None = None
    at: str | None = None
    timezone: str = "UTC"
    timeout_ms: int | None = HOUR_MS


class Plugin:
    """A plugin: what is asked of it, in the order in which it is asked.

    `name` stays empty where the name under which it is found will do. `config_json` is what `[plugins.NAME] config`
    says, set before anything else is asked.
    """

    name: str = ""
    priority: int = 1000
    config_json: str = ""

    def schedules(self) -> Sequence[Schedule]:
        """Return all schedules at once; called once per load. What it raises aborts the load of this plugin."""
        return ()

    def run(self, ctx: RunContext) -> Awaitable[None] | None:
        """Carry out the schedule that `ctx.schedule_id` names: on a thread of its own, or, when async, on the loop.

        What it raises fails the run.
        """
        raise NotImplementedError

    def cleanup(self) -> Awaitable[None] | None:
        """Let go of what the plugin holds; called once, when it is unloaded and none of its runs is left."""
        return None


__all__ = ["Locking", "MissedRunPolicy", "Plugin", "RunContext", "Schedule"]
