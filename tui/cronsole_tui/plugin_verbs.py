"""What keys do to plugins: load anew, ask for health, call by hand, close circuits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from cronsole.model.ask import RunQuery
from cronsole.model.plugin import CommandView, PluginDetail, PluginStatus, PluginView
from cronsole.model.view import RunView
from cronsole.text import pad, plural, safe, width
from cronsole_tui.fleet import Fleet
from cronsole_tui.views.entry import Entry, Key
from cronsole_tui.views.moments import countdown
from cronsole_tui.views.plugin_page import Asked
from cronsole_tui.views.query import quoted

if TYPE_CHECKING:
    from cronsole_tui.app import Console
    from cronsole_tui.verbs import Verbs

OF_PLUGINS = frozenset(
    {"plugin_call", "plugin_follow", "plugin_log", "plugin_schedules", "plugin_health", "plugin_reload"}
    | {"plugin_reset"}
)
"""The actions that are for one plugin, in their table and on its page."""

_ALL = ""
# So many choices have a number each.
_NUMBERED = 9


class PluginVerbs:
    """Each is for the plugin of a host. `asked` is what plugins said of their health to this console."""

    def __init__(self, app: "Console", verbs: "Verbs") -> None:
        self._app = app
        self._scene = app.scene
        self._verbs = verbs
        self.asked: dict[Key, Asked] = {}
        self._called: dict[Key, str] = {}

    def do(self, name: str, key: Key) -> None:
        """Do what an action of the table of keys stands for."""
        works: Mapping[str, Callable[[Key], Awaitable[None]]] = {
            "plugin_call": self._call,
            "plugin_follow": self._follow,
            "plugin_reload": self._reload,
            "plugin_reset": self._reset,
        }
        looks: Mapping[str, Callable[[Key], Awaitable[None]]] = {
            "plugin_log": self._log,
            "plugin_health": self._health,
        }
        if name == "plugin_schedules":
            self._show_schedules(key)
        elif name in works:
            self._verbs.start(lambda: works[name](key), name)
        else:
            self._verbs.look(lambda: looks[name](key), name)

    def _show_schedules(self, key: Key) -> None:
        from cronsole_tui.screens.page import PageScreen

        host, name = key
        if isinstance(self._app.screen, PageScreen):
            self._app.screen.do_back()
        where = f" host:{quoted(host)}" if self._scene.fleet.has_many_hosts else ""
        self._app.show_schedules(f"plugin:{quoted(name)}{where}")

    async def _reload(self, key: Key) -> None:
        host, name = key
        self._app.tell(f"Loading {name} anew …")
        view = await self._scene.client(host).plugins.reload(name)
        self._app.clear_notifications()
        self._app.tell(_reloaded(view), is_bad=view.status is not PluginStatus.LOADED)

    async def _health(self, key: Key) -> None:
        host, name = key
        health = await self._scene.client(host).plugins.health(name)
        self.asked[key] = Asked(health, self._scene.now())
        told = f"{name} is {'well' if health.is_well else 'not well'}"
        self._app.tell(f"{told}: {health.detail}" if health.detail else f"{told}.", is_bad=not health.is_well)

    async def _call(self, key: Key) -> None:
        run = await self._called_by_hand(key)
        if run is not None:
            self._app.tell(f"Started {run.schedule_id}. l shows its log.")

    async def _follow(self, key: Key) -> None:
        run = await self._called_by_hand(key)
        if run is not None:
            self._app.open_log(key[0], run.run_id)

    async def _called_by_hand(self, key: Key) -> RunView | None:
        """Ask for a command and its payload, and start the run; None where nobody wants to after all."""
        host, name = key
        client = self._scene.client(host).plugins
        commands = (await client.show(name)).commands
        if not commands:
            self._app.tell(f"{name} has no commands.", is_bad=True)
            return None
        command = await self._chosen(name, commands)
        payload = None if command is None else await self._filled(name, command)
        if command is None or payload is None:
            return None
        run = await client.call(name, command.name, _payload(payload))
        self._called[key] = run.run_id
        return run

    async def _chosen(self, name: str, commands: Sequence[CommandView]) -> CommandView | None:
        if len(commands) == 1:
            return commands[0]
        from cronsole_tui.screens.choose import Choice, ChooseScreen, PickScreen

        widest = max(width(safe(each.name)) for each in commands)
        choices = [
            Choice(
                each.name,
                pad(safe(each.name), widest),
                f"{_kind(each):<7}{each.description}",
                each.description,
            )
            for each in commands
        ]
        screen: PickScreen | ChooseScreen = PickScreen(f"Call which command of {safe(name)}?", choices)
        if len(choices) > _NUMBERED:
            screen = ChooseScreen(choices, hint=f"a command of {safe(name)}")
        chosen = await self._app.push_screen_wait(screen)
        return next((each for each in commands if each.name == chosen), None)

    async def _filled(self, name: str, command: CommandView) -> str | None:
        """Return the payload as it was typed, once it is JSON."""
        from cronsole_tui.screens.form import Field, FormScreen

        def fault_of(values: Mapping[str, str]) -> str:
            try:
                _payload(values["payload"])
            except msgspec.DecodeError as error:
                return f"That is no JSON: {error}"
            return ""

        fields = (Field("payload", "payload", _hint(command)),)
        form = FormScreen(f"Call {command.name} of {name}", fields, fault_of=fault_of, submit="call it")
        values = await self._app.push_screen_wait(form)
        return None if values is None else values["payload"]

    async def _log(self, key: Key) -> None:
        """Show what the run that was started here writes, else the plugin's latest run."""
        host, name = key
        run_id = self._called.get(key)
        if run_id is None:
            page = await self._scene.client(host).runs(RunQuery(plugins=(name,), limit=1))
            run_id = page.items[0].run_id if page.items else None
        if run_id is None:
            self._app.tell(f"No run of {name} is kept.")
        else:
            self._app.open_log(host, run_id)

    async def _reset(self, key: Key) -> None:
        host, name = key
        client = self._scene.client(host).plugins
        found = [each for each in (await client.show(name)).commands if _is_counting(each)]
        if not found:
            self._app.tell(f"No circuit of {name} is open.")
            return
        chosen = found[0].name if len(found) == 1 else await self._chosen_circuit(name, found)
        if chosen is None:
            return
        closed = await client.reset(name, chosen or None)
        if closed:
            self._app.tell(
                f"Closed the {'circuit' if len(closed) == 1 else 'circuits'} of {', '.join(closed)}."
            )
        else:
            self._app.tell(f"No circuit of {name} was open any more.")

    async def _chosen_circuit(self, name: str, found: Sequence[CommandView]) -> str | None:
        """Return one command, the empty string for all of them, None for neither."""
        from cronsole_tui.screens.choose import Choice, PickScreen

        choices = [Choice(_ALL, f"all {len(found)} of them")]
        choices += [Choice(each.name, each.name, self._told(each)) for each in found]
        return await self._app.push_screen_wait(PickScreen(f"Close which circuit of {safe(name)}?", choices))

    def _told(self, command: CommandView) -> str:
        circuit = command.circuit
        if circuit is None:
            return ""
        failures = f"{plural(circuit.failures, 'failure')} in a row"
        if circuit.opened_at is None or circuit.open_until is None:
            return failures
        return f"open, tried again {countdown(circuit.open_until, self._scene.now())}; {failures}"

    def open_schedule(self, host: str, detail: PluginDetail) -> None:
        """Open the page of a schedule of a plugin; where it has several, of the one that is chosen."""
        found = {entry.schedule.id: entry for entry in in_force(detail, host, self._scene.fleet)}

        def opened(name: str | None) -> None:
            if name in found:
                self._app.open_schedule(found[name])

        if len(found) < 2:
            opened(next(iter(found), None))
            if not found:
                self._app.tell(f"No schedule of {detail.plugin.name} is in force.")
            return
        from cronsole_tui.screens.choose import Choice, ChooseScreen

        choices = [
            Choice(name, name, entry.schedule.description or entry.schedule.when)
            for name, entry in found.items()
        ]
        self._app.push_screen(ChooseScreen(choices, hint="a schedule"), opened)


def in_force(detail: PluginDetail, host: str, fleet: Fleet) -> list[Entry]:
    """Return the schedules of a plugin, without those whose id another source holds."""
    others = {shadowed.schedule_id for shadowed in detail.shadowed}
    entries = [fleet.get((host, name)) for name in (*detail.declared, *detail.made) if name not in others]
    return [entry for entry in entries if entry is not None]


def _is_counting(command: CommandView) -> bool:
    circuit = command.circuit
    return circuit is not None and (circuit.opened_at is not None or circuit.failures > 0)


def _kind(command: CommandView) -> str:
    return "write" if command.is_write else "read"


def _payload(text: str) -> Any:
    return msgspec.json.decode(text.encode()) if text else None


def _hint(command: CommandView) -> str:
    """Return what the payload may hold, as far as the command says so."""
    try:
        schema = msgspec.json.decode(command.input_schema.encode()) if command.input_schema else {}
    except msgspec.DecodeError:
        schema = {}
    keys = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(keys, dict) or not keys:
        return "JSON, handed to the command"
    told = [
        f"{key} ({value['type']})" if isinstance(value, dict) and isinstance(value.get("type"), str) else key
        for key, value in keys.items()
    ]
    return safe(f"JSON: {', '.join(told)}")


def _reloaded(view: PluginView) -> str:
    """Return how a plugin stands after it was loaded anew."""
    if view.status is PluginStatus.LOADED:
        version = f" {view.version}" if view.version else ""
        refused = f", {view.refused} refused" if view.refused else ""
        return f"Loaded {view.name}{version}: {plural(view.declared, 'schedule')}{refused}."
    kept = " What it declared before goes on." if view.status is PluginStatus.STALE else ""
    return (
        f"{view.name} is {view.status}: {view.reason}.{kept}"
        if view.reason
        else f"{view.name} is {view.status}."
    )
