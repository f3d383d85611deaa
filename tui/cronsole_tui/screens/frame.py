"""What all views have in common: the head, the foot, keys from the one table, a tick each second."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from cronsole.model.view import EventView
from cronsole_tui.keymap import Action, Scope, of_scopes, spoken
from cronsole_tui.scene import Scene
from cronsole_tui.views import heading, key_help
from cronsole_tui.views.entry import Link
from cronsole_tui.views.line import Line, Span, Tone
from cronsole_tui.widgets.banner import Banner, redraw
from cronsole_tui.widgets.drawn import Drawn

if TYPE_CHECKING:
    from cronsole_tui.app import Console

LEAST_WIDTH, LEAST_HEIGHT = 60, 15


class Frame(Screen[None], inherit_bindings=False):
    """A view gives its name, its scopes, its body, and a method `do_NAME` for each action of its scopes."""

    app: "Console"
    TITLED: ClassVar[str] = ""
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.EVERYWHERE,)
    AUTO_FOCUS = None

    DEFAULT_CSS = """
    Frame { layers: base notes; background: transparent; }
    Frame #head { height: 4; }
    Frame #foot { height: 1; dock: bottom; }
    Frame #narrow { display: none; height: 1fr; }
    Frame.-narrow > * { display: none; }
    Frame.-narrow #narrow { display: block; }
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene
        for action in self.actions:
            for key in action.keys:
                self._bindings.bind(key, f"act('{action.name}')", action.help, show=False)

    def __bool__(self) -> bool:
        """A view that is its own rows has a length, and Textual hands no key on to a screen that is false."""
        return True

    @property
    def actions(self) -> tuple[Action, ...]:
        return of_scopes(self.scene.actions, self.SCOPES)

    @property
    def zone(self) -> tzinfo:
        return self.scene.zone

    def compose(self) -> ComposeResult:
        yield Banner(self.head_lines, id="head")
        yield from self.body()
        yield Banner(self._foot_lines, id="foot")
        yield Banner(self._narrow_lines, id="narrow")

    def body(self) -> Iterable[Widget]:
        """Return the widgets between head and foot."""
        raise NotImplementedError

    def told_order(self) -> str:
        """Return what is said on the right of the views' names."""
        return ""

    def told_found(self) -> str:
        """Return what the filter finds, as it is said while it is typed."""
        return ""

    def filter_lines(self, width: int) -> Line:
        """Return the line under the views' names."""
        return ()

    @property
    def is_filtered(self) -> bool:
        """Whether something is not shown because a filter leaves it out."""
        return False

    def head_lines(self, width: int) -> tuple[Line, ...]:
        scene = self.scene
        top = heading.top_line(scene.fleet.hosts, width, scene.now(), scene.zone, ascii_only=scene.ascii_only)
        if self.has_class("-filtering"):
            # What is typed stands over the third line; what it finds is said above it.
            prompt: Line = (Span(" / ", Tone.KEY),)
            tabs = self._tabs(width, self.told_found(), is_urgent=True)
            return (top, tabs, prompt, self.rule(width))
        tabs = self._tabs(width, self.told_order())
        return (top, tabs, self._third_line(width), self.rule(width))

    def _tabs(self, width: int, told: str, *, is_urgent: bool = False) -> Line:
        has_plugins = self.TITLED == heading.PLUGINS or any(host.plugins for host in self.scene.fleet.hosts)
        key = next(spoken(each.keys[0]) for each in self.scene.actions if each.name == "view_plugins")
        plugins_key = key if has_plugins else ""
        return heading.tab_line(self.TITLED, width, told, is_urgent=is_urgent, plugins_key=plugins_key)

    def _third_line(self, width: int) -> Line:
        """Return what is wrong, or the filter: one that holds while some hosts are well must not go unseen."""
        hosts = self.scene.fleet.hosts
        if self.is_filtered and any(host.link is Link.LIVE for host in hosts):
            return self.filter_lines(width)
        return heading.trouble_line(hosts, width) or self.filter_lines(width)

    def rule(self, width: int) -> Line:
        return (Span(("-" if self.scene.ascii_only else "─") * width, Tone.RULE),)

    def _foot_lines(self, width: int) -> tuple[Line, ...]:
        return (key_help.footer(self.actions, width),)

    def _narrow_lines(self, width: int) -> tuple[Line, ...]:
        here = f"{self.size.width}×{self.size.height}"
        told = f" This terminal has {here} cells; {LEAST_WIDTH}×{LEAST_HEIGHT} are the least."
        return ((), (Span(told, Tone.WARN),))

    def on_mount(self) -> None:
        self.set_interval(1.0, self._second_passed)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT, "-narrow")
        self.set_class(event.size.width >= 160, "-wide")

    def on_screen_resume(self) -> None:
        self.fleet_changed()

    @property
    def is_shown(self) -> bool:
        """Whether this view, and not another, is looked at."""
        return self.is_mounted and self.app.screen is self

    def _second_passed(self) -> None:
        # Behind another view nothing ticks; behind a question, everything.
        if self in self.app.screen_stack:
            self.tick()

    @property
    def is_old(self) -> bool:
        """Whether all that is shown may no longer be so."""
        hosts = self.scene.fleet.hosts
        return bool(hosts) and all(host.is_old for host in hosts)

    def tick(self) -> None:
        """A second has passed: draw again what counts it, and dim what is old."""
        redraw(self, "#head")
        is_old = self.is_old
        for widget in self.query(".data").results(Drawn):
            widget.is_dimmed = is_old

    def fleet_changed(self) -> None:
        """The feeds know something new."""
        self.tick()

    def happened(self, host: str, event: EventView) -> None:
        """Something happened on a host, also while another view is shown."""

    def action_act(self, name: str) -> None:
        """Do what a key stands for."""
        getattr(self, f"do_{name}")()

    def do_help(self) -> None:
        self.app.show_help(self.actions)

    def do_palette(self) -> None:
        self.app.show_palette()

    def do_quit(self) -> None:
        self.app.leave()

    def do_back(self) -> None:
        """There is nothing behind a view but its filter."""

    def do_undo(self) -> None:
        undo, self.scene.undo = self.scene.undo, None
        if undo is None:
            self.app.tell("There is nothing to take back.")
        else:
            undo()

    def do_zone(self) -> None:
        self.app.tell(self.scene.toggle_zone())
        self.fleet_changed()

    def do_redraw(self) -> None:
        self.app.draw_anew()

    def do_reload(self) -> None:
        self.app.verbs.reload()

    def do_view_schedules(self) -> None:
        self.app.show_view(0)

    def do_view_timeline(self) -> None:
        self.app.show_view(1)

    def do_view_runs(self) -> None:
        self.app.show_view(2)

    def do_view_monitors(self) -> None:
        self.app.show_view(3)

    def do_view_nodes(self) -> None:
        self.app.show_view(4)

    def do_view_events(self) -> None:
        self.app.show_view(5)

    def do_view_plugins(self) -> None:
        self.app.show_plugins()

    def do_previous_view(self) -> None:
        self.app.show_view(heading.VIEWS.index(self.TITLED) - 1)

    def do_next_view(self) -> None:
        self.app.show_view(heading.VIEWS.index(self.TITLED) + 1)
