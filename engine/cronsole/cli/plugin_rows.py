"""Plugins as rows of a table, those that failed first, and how one stands as a sentence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.text import Text

from cronsole import marks
from cronsole.cli.glyphs import BAD, BUSY, FAINT, GOOD, STRONG, WARN, Look
from cronsole.cli.tables import Column, Table, cell
from cronsole.model.plugin import PluginStatus, PluginView
from cronsole.text import plural, safe

_STYLES: Final = {
    PluginStatus.FAILED: BAD,
    PluginStatus.STALE: WARN,
    PluginStatus.LOADED: GOOD,
    PluginStatus.UNLOADED: FAINT,
    PluginStatus.DISABLED: FAINT,
}
OF_PLUGIN: Final = {status: Look(*marks.OF_PLUGIN[status], style) for status, style in _STYLES.items()}
"""How plugins look, those that ask for attention first."""

COLUMNS: Final = (
    Column("STATUS"),
    Column("NAME", least=12),
    Column("FAILING", rank=1, align="right"),
    Column("CIRCUITS", rank=2),
    Column("SCHEDULES", rank=3),
    Column("REFUSED", rank=4, align="right"),
    Column("RUNNING", rank=5, align="right"),
    Column("CARRIER", rank=6),
    Column("VERSION", rank=7, least=7),
    Column("ORIGIN", rank=8, least=16),
)


def ordered(views: Iterable[PluginView]) -> list[PluginView]:
    """Return the plugins, the most urgent first: each of its kind by name."""
    return sorted(views, key=lambda view: (view.urgency, view.name))


def plugin_table(views: Sequence[PluginView], *, has_glyphs: bool = True) -> Table:
    """Return the plugins as a table, in the order given."""
    return Table(COLUMNS, [_row(view, has_glyphs) for view in views], ellipsis="…" if has_glyphs else "~")


def _row(view: PluginView, has_glyphs: bool) -> tuple[Text, ...]:
    look = OF_PLUGIN[view.status]
    is_off = look.style == FAINT
    return (
        cell(look.label(has_glyphs), look.style),
        cell(view.name, FAINT if is_off else ""),
        _count(view.failing, BAD),
        cell(f"{view.circuits_open:,} open", BAD) if view.circuits_open else Text(""),
        cell(_schedules(view)),
        _count(view.refused, WARN),
        _count(view.running, BUSY),
        cell("" if view.carrier is None else view.carrier.value),
        cell(view.version),
        cell(view.origin, FAINT),
    )


def _count(number: int, style: str) -> Text:
    return cell(f"{number:,}", style) if number else Text("")


def _schedules(view: PluginView) -> str:
    """Return how many it declares, and how many it made while it ran; nothing where it declares none for it is off."""
    if not view.declared and not view.made and view.status is not PluginStatus.LOADED:
        return ""
    return f"{view.declared:,}" + (f" + {view.made:,} made" if view.made else "")


def reasons(views: Iterable[PluginView], *, has_glyphs: bool = True) -> Iterator[Text]:
    """Yield, for each plugin that failed or is stale, its reason in full: several faults are a line each."""
    for view in views:
        if view.status.is_troubled:
            look = OF_PLUGIN[view.status]
            sign = (look.sign(has_glyphs), look.style)
            first, *others = view.reason.split("\n")
            yield Text.assemble(sign, " ", (safe(view.name), STRONG), f": {safe(first)}")
            yield from (Text(f"    {safe(other)}") for other in others)


def summary(views: Sequence[PluginView]) -> str:
    """Return how many plugins there are, and how many of each kind that is not simply loaded."""
    counts = Counter(view.status for view in views)
    told = [
        f"{counts[status]:,} {look.word}"
        for status, look in OF_PLUGIN.items()
        if counts[status] and status is not PluginStatus.LOADED
    ]
    return plural(len(views), "plugin") + (f": {', '.join(told)}" if told else "")


def sentence_of(view: PluginView) -> str:
    """Return how a plugin stands: `disk is loaded: process, version 1.0.0, 1 schedule declared`."""
    verb = "has" if view.status is PluginStatus.FAILED else "is"
    told = f"{view.name} {verb} {OF_PLUGIN[view.status].word}"
    if view.reason:
        kept = ", and goes on with what it declared before" if view.status is PluginStatus.STALE else ""
        return f"{told}{kept}: {view.reason}"
    parts = [] if view.carrier is None else [view.carrier.value]
    if view.version:
        parts.append(f"version {view.version}")
    parts.append(f"{plural(view.declared, 'schedule')} declared")
    parts += [
        f"{count:,} {word}"
        for count, word in ((view.made, "made"), (view.refused, "refused"), (view.shadowed, "shadowed"))
        if count
    ]
    return f"{told}: {', '.join(parts)}"
