"""A reload's plan in lines: each schedule with a sign, what changes of it, and the fires that it gains and loses."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from cronsole.cli.glyphs import BAD, FAINT, GOOD, STRONG, WARN
from cronsole.cli.times import Viewer
from cronsole.model.prospect import FieldChange, PlannedChange, PlanView
from cronsole.text import safe, truncate

_MOST_FIRES: Final = 4
_WIDEST_VALUE: Final = 60


def plan_lines(plan: PlanView, viewer: Viewer, *, has_glyphs: bool) -> Iterator[Text]:
    """Yield the lines of a plan without problems."""
    kinds: Sequence[tuple[str, str, str, tuple[PlannedChange, ...]]] = (
        ("+", GOOD, "added", plan.added),
        ("~", WARN, "changed", plan.changed),
        ("»" if has_glyphs else ">", WARN, "moved", plan.retimed),
        ("−" if has_glyphs else "-", BAD, "removed", plan.removed),
    )
    for sign, style, word, changes in kinds:
        for change in changes:
            yield from _change(sign, style, word, change, viewer, has_glyphs)
    told = [f"{len(changes):,} {word}" for _, _, word, changes in kinds if changes]
    yield Text(f"{', '.join(told) or 'nothing changes'}; {plan.unchanged:,} unchanged.", STRONG)
    if told:
        yield Text(f"Fires are compared until {viewer.stamp(plan.until)}.", FAINT)


def _change(
    sign: str, style: str, word: str, change: PlannedChange, viewer: Viewer, has_glyphs: bool
) -> Iterator[Text]:
    line = Text.assemble((f"{sign} {word:<8}", style), (safe(change.id), STRONG))
    yield line.append(f"  {safe(change.origin)}", FAINT) if change.origin else line
    for field in change.fields:
        yield _field(field, has_glyphs)
    if change.loses:
        yield _fires("loses", change.loses, change.fires_before - change.fires_after, viewer)
    if change.gains:
        yield _fires("gains", change.gains, change.fires_after - change.fires_before, viewer)
    if (change.loses or change.gains) and change.fires_before != change.fires_after:
        yield Text(f"    fires    {change.fires_before:,} before, {change.fires_after:,} after", FAINT)


def _field(field: FieldChange, has_glyphs: bool) -> Text:
    arrow = " → " if has_glyphs else " -> "
    before = truncate(safe(field.before), _WIDEST_VALUE) or "not given"
    after = truncate(safe(field.after), _WIDEST_VALUE) or "not given"
    return Text.assemble("    ", f"{safe(field.key)}: ", (before, FAINT), arrow, after)


def _fires(word: str, fires: Sequence[datetime], most: int, viewer: Viewer) -> Text:
    told = ", ".join(f"{fire.astimezone(viewer.zone):%a %d %b %H:%M}" for fire in fires[:_MOST_FIRES])
    told += f" {viewer.zone_name}"
    rest = max(len(fires), most) - min(len(fires), _MOST_FIRES)
    return Text(f"    {word}    {told}" + (f" and {rest:,} more" if rest > 0 else ""))
