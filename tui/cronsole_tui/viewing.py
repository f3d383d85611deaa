"""Makes the views, each when it is first asked for: what nobody looks at is not loaded."""

from cronsole_tui.scene import Scene
from cronsole_tui.screens.frame import Frame


def made_view(name: str, scene: Scene) -> Frame:
    """Return a new view by the name that stands on its tab."""
    match name:
        case "Timeline":
            from cronsole_tui.screens.timeline import TimelineScreen

            return TimelineScreen(scene)
        case "Runs":
            from cronsole_tui.screens.runs import RunsScreen

            return RunsScreen(scene)
        case "Monitors":
            from cronsole_tui.screens.empty import MonitorsScreen

            return MonitorsScreen(scene)
        case "Nodes":
            from cronsole_tui.screens.nodes import NodesScreen

            return NodesScreen(scene)
        case "Events":
            from cronsole_tui.screens.events import EventsScreen

            return EventsScreen(scene)
        case "Plugins":
            from cronsole_tui.screens.plugins import PluginsScreen

            return PluginsScreen(scene)
    from cronsole_tui.screens.schedules import SchedulesScreen

    return SchedulesScreen(scene)
