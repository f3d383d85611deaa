"""Everything about one plugin, part by part, as `cronsole plugins show` prints it."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from cronsole.cli.facts import fact, heading
from cronsole.cli.glyphs import BAD, BUSY, FAINT, STRONG, WARN
from cronsole.cli.plugin_rows import OF_PLUGIN
from cronsole.cli.schedule_rows import clock_told
from cronsole.cli.tables import cell
from cronsole.cli.times import Viewer
from cronsole.model.instant import from_datetime
from cronsole.model.plugin import CircuitView, CommandView, PluginDetail, PluginView
from cronsole.text import pad, plural, safe, width


def plugin_page(detail: PluginDetail, viewer: Viewer, *, has_glyphs: bool) -> Iterator[Text]:
    """Yield the lines of the page from top to bottom; a part that has nothing to say is left out."""
    view = detail.plugin
    look = OF_PLUGIN[view.status]
    yield Text.assemble((safe(view.name), STRONG), "  ", (look.label(has_glyphs), look.style))
    yield from _facts(view, viewer)
    yield from _commands(detail.commands, viewer)
    yield from _list("declares", detail.declared)
    yield from _list("made while it ran", detail.made)
    yield from _pairs("refused", [(each.schedule_id, each.reason) for each in detail.refused])
    shadowed = [(each.schedule_id, f"held by {each.held_by}") for each in detail.shadowed]
    yield from _pairs("shadowed", shadowed)
    yield from _list("remembers", detail.remembers)


def _facts(view: PluginView, viewer: Viewer) -> Iterator[Text]:
    for index, line in enumerate(view.reason.split("\n") if view.reason else ()):
        yield fact("" if index else "why", line, style=OF_PLUGIN[view.status].style)
    yield fact("since", viewer.both(view.since))
    if view.carrier is not None:
        yield fact("carrier", view.carrier.value)
    if view.version:
        yield fact("version", view.version)
    if view.origin:
        yield fact("from", view.origin)
    yield fact("priority", str(view.priority))
    if view.running:
        yield fact("running", plural(view.running, "run"), style=BUSY)
    if view.failing:
        yield fact("failing", plural(view.failing, "schedule"), style=BAD)
    if view.circuits_open:
        yield fact("circuits", f"{view.circuits_open:,} open", style=BAD)


def _commands(commands: Sequence[CommandView], viewer: Viewer) -> Iterator[Text]:
    if not commands:
        return
    yield heading("commands")
    widest = max(width(safe(command.name)) for command in commands)
    for command in commands:
        kind = "write" if command.is_write else "read "
        line = Text.assemble(f"  {pad(safe(command.name), widest)}  ", (kind, FAINT))
        if command.description:
            line.append(f"  {safe(command.description)}")
        line.rstrip()
        yield line
        yield from _about(command, viewer)


def _about(command: CommandView, viewer: Viewer) -> Iterator[Text]:
    if command.circuit is not None:
        told, style = _circuit(command.circuit, viewer)
        yield _detail("circuit", told, style)
    if command.schedules:
        yield _detail("calls", " ".join(command.schedules))
    if command.input_schema:
        yield _detail("takes", command.input_schema)
    if command.output_schema:
        yield _detail("answers", command.output_schema)


def _circuit(circuit: CircuitView, viewer: Viewer) -> tuple[str, str]:
    """Return how the breaker of a command stands: `open until 14:03, 3 failures`."""
    failures = plural(circuit.failures, "failure")
    if circuit.is_probing:
        return f"half open, a run tries it, {failures}", WARN
    if circuit.opened_at is None:
        return (f"closed, {failures} in a row", WARN) if circuit.failures else ("closed", FAINT)
    if circuit.open_until is None:
        return f"open, {failures}", BAD
    if from_datetime(circuit.open_until) <= viewer.now:
        return f"half open, the next run tries it, {failures}", WARN
    return f"open until {clock_told(circuit.open_until, viewer.now, viewer.zone)}, {failures}", BAD


def _detail(label: str, told: str, style: str = FAINT) -> Text:
    return Text(f"    {pad(label, 8)}").append_text(cell(told, style))


def _list(title: str, names: Sequence[str]) -> Iterator[Text]:
    if names:
        yield heading(title)
        yield from (Text(f"  {safe(name)}") for name in names)


def _pairs(title: str, pairs: Sequence[tuple[str, str]]) -> Iterator[Text]:
    if not pairs:
        return
    yield heading(title)
    widest = max(width(safe(name)) for name, _ in pairs)
    for name, told in pairs:
        yield Text(f"  {pad(safe(name), widest)}  ").append(safe(told), WARN)
