"""Watches the file systems of this machine, and looks closer at one that is filling up for as long as that lasts.

[plugins.disks]
config = { paths = ["/", "/var"], limit_percent = 90 }
"""

import json
import shutil

from cronsole import Plugin, RunContext, Schedule


class Disks(Plugin):
    """`look` and `report` are declared; `look_closer` is called by a schedule that `look` makes while it runs."""

    version = "1.0.0"

    def schedules(self):
        config = json.loads(self.config_json or "{}")
        self.paths = config.get("paths", ["/"])
        self.limit = config.get("limit_percent", 90)
        # Which schedule looks closer at which path. After a restart it is learnt from the first of its runs.
        self.closer = {}
        return [
            Schedule(
                id="disks/look",
                cron="30s",
                description="Fails when a file system is too full",
                # Every machine of a fleet has disks of its own, and need not look at the same instant.
                locking="node_local",
                jitter_ms=2_000,
                # How full it was an hour ago is of no use.
                missed_run_policy="skip",
                timeout_ms=10_000,
            ),
            Schedule(
                id="disks/report",
                cron="@daily",
                description="A line for each file system",
                missed_run_policy="run_once",
                config_json=json.dumps({"unit": "GB"}),
            ),
        ]

    def run(self, ctx: RunContext):
        if ctx.schedule_id == "disks/report":
            self.report(ctx)
        else:
            self.look(ctx)

    def look(self, ctx: RunContext):
        """Fail when a file system is too full, and have it looked at more often."""
        full = [path for path in self.paths if self._percent(path, ctx) > self.limit]
        for path in full:
            if path not in self.closer:
                self.closer[path] = ctx.schedules.create("look_closer", "10s", {"path": path})
                ctx.logger.warning("%s is looked at every 10 seconds from now on", path)
        if full:
            raise RuntimeError(f"too full: {', '.join(full)}")

    def look_closer(self, ctx: RunContext):
        """Look at one file system until it has room again; then there is no more such schedule."""
        path = json.loads(ctx.payload)["path"]
        mine = self.closer.setdefault(path, ctx.schedule_id)
        if self._percent(path, ctx) <= self.limit or mine != ctx.schedule_id:
            ctx.schedules.delete(ctx.schedule_id)
            if mine == ctx.schedule_id:
                del self.closer[path]
            ctx.logger.info("no need to look closer any more")

    def report(self, ctx: RunContext):
        """Tell how much room there is."""
        if ctx.is_catchup:
            ctx.logger.info("midnight was slept through; this is as of now")
        unit = json.loads(ctx.config_json)["unit"]
        size = {"MB": 10**6, "GB": 10**9}[unit]
        for path in self.paths:
            found = shutil.disk_usage(path)
            ctx.logger.info("%s: %d of %d %s free", path, found.free // size, found.total // size, unit)

    def _percent(self, path: str, ctx: RunContext):
        found = shutil.disk_usage(path)
        # As df has it: what only root may use counts as taken.
        percent = round(100 * found.used / (found.used + found.free))
        ctx.logger.info("%s is %d%% full, the limit is %d%%", path, percent, self.limit)
        return percent
