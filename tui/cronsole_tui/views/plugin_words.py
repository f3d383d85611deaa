"""What plugins have to do with a schedule, in words: where it comes from, and why its circuit is open."""

from datetime import tzinfo

from cronsole.model.instant import Instant, from_datetime
from cronsole.model.plugin import PluginStatus, PluginView
from cronsole.model.schedule import SourceKind
from cronsole.model.view import ScheduleView
from cronsole_tui.views.moments import clock, countdown, zone_name


def provenance(schedule: ScheduleView, plugin: PluginView | None = None) -> str:
    """Return where a schedule comes from; of its plugin, as far as that is known, how it is carried and stands."""
    name = f"plugin {schedule.plugin}{_standing(plugin)}"
    if schedule.source is SourceKind.PLUGIN:
        return f"declared by {name}"
    is_api = schedule.source is SourceKind.API
    if is_api and schedule.plugin and schedule.origin == f"plugin:{schedule.plugin}":
        return f"made by {name} while it ran"
    told = f"made over the API by {schedule.origin}" if is_api else schedule.origin
    return f"{told}, calls {name}" if schedule.plugin else told


def _standing(plugin: PluginView | None) -> str:
    if plugin is None or plugin.carrier is None:
        return ""
    return f" ({plugin.carrier}{'' if plugin.status is PluginStatus.LOADED else f', {plugin.status}'})"


def is_circuit_open(schedule: ScheduleView) -> bool:
    return schedule.circuit_open_until is not None


def circuit(schedule: ScheduleView, now: Instant, zone: tzinfo) -> str:
    """Return until when an open circuit keeps a schedule from running, and how it is closed before; else nothing."""
    until = schedule.circuit_open_until
    if until is None:
        return ""
    told = "open, its next run tries whether it works again"
    if from_datetime(until) > now:
        told = f"open until {clock(until, zone, now=now)} {zone_name(zone, now)}, {countdown(until, now)}"
    how = (
        f"i goes to plugin {schedule.plugin}, b closes it"
        if schedule.plugin
        else "pausing and resuming closes it"
    )
    return f"{told}; {how}"
