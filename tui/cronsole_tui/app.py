"""The console: wires the feeds, the views and the verbs together, and knows how to leave."""

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.notifications import Notify
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import WorkerFailed

from cronsole.client.engine import EngineClient
from cronsole.model.event import Level
from cronsole.model.view import EventView
from cronsole.text import plural, safe
from cronsole_tui.feed import Feed
from cronsole_tui.keymap import Action
from cronsole_tui.scene import Scene
from cronsole_tui.screens.frame import Frame
from cronsole_tui.screens.schedules import SchedulesScreen
from cronsole_tui.sources import key_of
from cronsole_tui.themes import DEFAULT, THEMES
from cronsole_tui.verbs import Verbs
from cronsole_tui.viewing import made_view
from cronsole_tui.views import key_help
from cronsole_tui.views.entry import Entry, Host
from cronsole_tui.views.heading import PLUGINS, VIEWS
from cronsole_tui.views.query import quoted
from cronsole_tui.widgets.frugal import FrugalDriver
from cronsole_tui.working import start

if TYPE_CHECKING:
    from cronsole_tui.plugin_verbs import PluginVerbs


# More of them would hide what they tell of.
_MOST_TOLD = 3


def settle_memory() -> None:
    """Collect from now on, but not through what was loaded to stay."""
    gc.freeze()
    gc.enable()


class Console(App[None], inherit_bindings=False):
    """One console over any number of engines."""

    CSS = """
    Screen { background: transparent; }
    Toast { width: auto; max-width: 64; padding: 0 1; border: round $primary; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False
    NOTIFICATION_TIMEOUT = 4

    def __init__(
        self,
        scene: Scene,
        clients: Mapping[str, EngineClient],
        *,
        theme: str = DEFAULT,
        asks_to_leave: Callable[["Console"], None] | None = None,
    ) -> None:
        super().__init__(driver_class=FrugalDriver, ansi_color=True)
        self.scene = scene
        self.ascii_only = scene.ascii_only
        self.verbs = Verbs(self)
        self._clients = clients
        self._asks_to_leave = asks_to_leave
        self._aims: WeakKeyDictionary[events.Event, Screen[object] | Widget] = WeakKeyDictionary()
        self._bind_everywhere()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        for name, client in clients.items():
            scene.fleet.set_host(Host(name))
            scene.feeds[name] = Feed(
                client,
                name,
                fleet=scene.fleet,
                clock=scene.clock,
                changed=self._fleet_changed,
                happened=self._happened,
            )
        self._schedules = SchedulesScreen(scene)
        self._views: dict[str, Frame] = {}

    def _bind_everywhere(self) -> None:
        """Whatever is on the screen may have been written over, a form with somebody typing in it too."""
        (redraw,) = (action for action in self.scene.actions if action.name == "redraw")
        for key in redraw.keys:
            # What can be typed stays a letter.
            is_typed = not key.startswith("ctrl+")
            self._bindings.bind(key, "draw_anew", redraw.help, show=False, priority=not is_typed)

    async def on_mount(self) -> None:
        await self.push_screen(self._installed(self._schedules))
        self.call_after_refresh(settle_memory)
        for name, feed in self.scene.feeds.items():
            start(self, feed.run, f"feed of {name}")

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._aims[event] = self._aim
        await super().on_event(event)

    async def _on_key(self, event: events.Key) -> None:
        """Do what a key stands for where it was pressed: of a burst, what follows `/` or `:` is text, no verbs."""
        # Textual would call the handler of its own class after this one.
        event.prevent_default()
        aim = self._aim
        has_moved = self._aims.pop(event, aim) is not aim
        if has_moved and isinstance(aim, Input | ModalScreen):
            if not await self._check_bindings(event.key, priority=True):
                aim._forward_event(events.Key(event.key, event.character))
            return
        await super()._on_key(event)
        # What a verb asks of the person is to be on the screen before the next key is.
        await asyncio.sleep(0)

    @property
    def _aim(self) -> Screen[object] | Widget:
        """Who is handed keys."""
        return self.focused or self.screen

    @cached_property
    def plugin_verbs(self) -> "PluginVerbs":
        from cronsole_tui.plugin_verbs import PluginVerbs

        return PluginVerbs(self, self.verbs)

    def monotonic(self) -> float:
        return self.scene.clock.monotonic()

    @property
    def fault(self) -> BaseException | None:
        """What ended the console though nobody wished it."""
        error = self._exception
        return error.error if isinstance(error, WorkerFailed) else error

    def _set_pointer_shape(self, shape: str) -> None:
        """Leave the pointer as it is: a terminal would be told its shape anew with every key."""

    def _print_error_renderables(self) -> None:
        """Leave it to who opened the console: Textual's own picture shows locals, tokens among them."""

    def _fleet_changed(self) -> None:
        if not self.is_running:
            # It is closing, and its screens are taken apart.
            return
        screen = self.screen
        if isinstance(screen, Frame) and screen.is_mounted:
            screen.fleet_changed()

    def _happened(self, host: str, event: EventView) -> None:
        if event.level is Level.ERROR and self.scene.rings:
            self.bell()
        self.scene.events.appendleft((host, event))
        for view in self._views.values():
            view.happened(host, event)

    def tell(self, text: str, *, is_bad: bool = False) -> None:
        """Show a sentence for a moment; nothing of it is markup."""
        self.notify(safe(text), severity="error" if is_bad else "information", markup=False)

    def _on_notify(self, event: Notify) -> None:
        """Make room, before Textual shows it: what is said again is shown once, and few sentences at a time."""
        said = event.notification.message
        others = [each for each in self._notifications if each.message != said]
        kept = others[1 - _MOST_TOLD :]
        for each in list(self._notifications):
            if each not in kept:
                self._unnotify(each, refresh=False)

    def show_view(self, index: int) -> None:
        """Show a view by its number, around in a circle."""
        self._show(self._view(VIEWS[index % len(VIEWS)]))

    def _show(self, view: Frame) -> None:
        if self.screen is not view:
            self.switch_screen(view)

    def show_plugins(self) -> None:
        """Show the plugins, and there the one that the schedule at the cursor belongs to."""
        from cronsole_tui.screens.plugins import PluginsScreen

        view = self._view(PLUGINS)
        entry = self._schedules.entry if self.screen is self._schedules else None
        if isinstance(view, PluginsScreen) and entry is not None and entry.schedule.plugin:
            view.point_at((entry.host, entry.schedule.plugin))
        self._show(view)

    def _view(self, name: str) -> Frame:
        return self._views.get(name) or self._installed(made_view(name, self.scene))

    def _installed(self, view: Frame) -> Frame:
        """A screen that is not installed ends when another takes its place, and cannot be shown again."""
        self._views[view.TITLED] = view
        self.install_screen(view, view.TITLED)
        return view

    def show_help(self, actions: Sequence[Action]) -> None:
        from cronsole_tui.screens.page import PageScreen

        ascii_only = self.scene.ascii_only
        self.push_screen(
            PageScreen(lambda width: key_help.page(actions, ascii_only=ascii_only, width=width), kind="help")
        )

    def show_palette(self) -> None:
        """Offer every verb, schedule, plugin, theme and host by name."""
        from cronsole_tui import palette
        from cronsole_tui.screens.choose import ChooseScreen

        screen = self.screen
        choices = palette.choices(
            screen.actions if isinstance(screen, Frame) else self.scene.actions,
            self.scene.fleet,
            sorted(self.available_themes),
        )
        self.push_screen(
            ChooseScreen(choices, hint="a verb, a schedule, a plugin, a theme, a host"), self._do_chosen
        )

    def _do_chosen(self, key: str | None) -> None:
        from cronsole_tui import palette

        kind, _, name = (key or "").partition(palette.BETWEEN)
        match kind:
            case palette.VERB if isinstance(self.screen, Frame):
                self.screen.action_act(name)
            case palette.SCHEDULE:
                self.show_view(0)
                self._schedules.point_at(key_of(name))
            case palette.PLUGIN:
                self.open_plugin(*key_of(name))
            case palette.THEME:
                self.theme = name
            case palette.HOST:
                self.show_host(name)

    def show_host(self, name: str) -> None:
        """Show the schedules of one host."""
        self.show_schedules(f"host:{quoted(name)}")

    def show_schedules(self, text: str) -> None:
        """Show the schedules that a filter leaves."""
        self.show_view(0)
        self._schedules.show_only(text)

    def show_runs(self, text: str) -> None:
        """Show the history that a filter leaves."""
        from cronsole_tui.screens.runs import RunsScreen

        view = self._view("Runs")
        if isinstance(view, RunsScreen):
            view.show_only(text)
        self.show_view(2)

    def open_schedule(self, entry: Entry) -> None:
        from cronsole_tui.screens.detail_pages import ScheduleScreen

        self.push_screen(ScheduleScreen(self.scene, entry))

    def open_plugin(self, host: str, name: str) -> None:
        from cronsole_tui.screens.plugin_page import PluginScreen

        self.push_screen(PluginScreen(self.scene, host, name))

    def open_why(self, host: str, schedule_id: str, slot: datetime | None = None) -> None:
        from cronsole_tui.screens.detail_pages import WhyScreen

        self.push_screen(WhyScreen(self.scene, host, schedule_id, slot))

    def open_run(self, host: str, run_id: str) -> None:
        from cronsole_tui.screens.detail_pages import RunScreen

        self.push_screen(RunScreen(self.scene, host, run_id))

    def open_log(self, host: str, run_id: str) -> None:
        from cronsole_tui.screens.log import LogScreen

        self.push_screen(LogScreen(self.scene, host, run_id))

    def copy(self, text: str) -> None:
        """Hand a text to the terminal's clipboard (OSC 52)."""
        self.copy_to_clipboard(text)
        self.tell(f"Copied {text if len(text) <= 40 else plural(len(text), 'character')}.")

    def draw_anew(self) -> None:
        """Send the terminal all of the screen, as after other programs wrote to it."""
        if isinstance(self._driver, FrugalDriver):
            self._driver.forget()
        self.refresh(layout=True)

    def action_draw_anew(self) -> None:
        self.draw_anew()

    def leave(self) -> None:
        """Quit, or let whoever opened the console ask first."""
        if self._asks_to_leave is None:
            self.exit()
        else:
            self._asks_to_leave(self)

    def action_leave(self) -> None:
        self.leave()
