"""What a reload would change, before it does."""

from datetime import tzinfo

from cronsole.model.instant import Instant
from cronsole.model.prospect import PlannedChange, PlanView
from cronsole.text import plural
from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.views.moments import clock, stamp, zone_name
from cronsole_tui.views.pages import section, title, wrapped


def page(plan: PlanView, *, width: int, now: Instant, zone: tzinfo) -> tuple[Line, ...]:
    """Return the plan; of a configuration with faults, the faults alone: nothing of it would come into force."""
    if plan.problems:
        lines: list[Line] = [title("The reload would be refused", "the last good set stays in force"), ()]
        for problem in plan.problems:
            lines += [(Span("   "), Span(text, Tone.BAD)) for text in wrapped(problem, width - 3)]
        return tuple(lines)
    if not _changes(plan):
        lines = [title(summary(plan), "what is written is in force")]
    else:
        lines = [
            title(summary(plan), f"fires told until {stamp(plan.until, zone)}"),
            (Span(" Nothing is done yet: whoever leaves this page is asked.", Tone.FAINT),),
        ]
    for name, glyph, tone, changes in (
        ("added", "+", Tone.GOOD, plan.added),
        ("moved: they start anew from the reload on", "~", Tone.WARN, plan.retimed),
        ("changed: they go on firing at the same times", "·", Tone.PLAIN, plan.changed),
        ("removed: what runs ends, history stays", "-", Tone.BAD, plan.removed),
    ):
        if changes:
            lines += ((), section(f"{len(changes):,} {name}"))
            for change in changes:
                lines += _change(change, glyph, tone, now, zone, is_whole=glyph in "+-")
    for warning in plan.warnings:
        lines += [(Span("   "), Span(text, Tone.WARN)) for text in wrapped(warning, width - 3)]
    return tuple(cut(line, width) for line in lines)


def _changes(plan: PlanView) -> bool:
    return bool(plan.added or plan.retimed or plan.changed or plan.removed)


def summary(plan: PlanView) -> str:
    """Return what changes in one line: `2 added, 1 removed, 125 unchanged`."""
    parts = [
        f"{len(changes):,} {name}"
        for name, changes in (
            ("added", plan.added),
            ("moved", plan.retimed),
            ("changed", plan.changed),
            ("removed", plan.removed),
        )
        if changes
    ]
    return ", ".join([*parts, f"{plan.unchanged:,} unchanged"]) if parts else "Nothing changes"


def _change(
    change: PlannedChange, glyph: str, tone: Tone, now: Instant, zone: tzinfo, *, is_whole: bool
) -> list[Line]:
    """Return what becomes of one schedule; of one that comes or goes whole, what it is."""
    lines: list[Line] = [
        (
            Span("   "),
            Span(f"{glyph} ", tone),
            said(change.id, Tone.STRONG),
            said(f"   {change.origin}", Tone.FAINT),
        )
    ]
    for each in change.fields:
        if is_whole:
            told = "" if each.key == "id" else each.after or each.before
            lines += [(Span(f"       {each.key}: ", Tone.FAINT), said(told))] if told else []
            continue
        before, after = each.before or "not given", each.after or "not given"
        lines.append(
            (
                Span(f"       {each.key}: ", Tone.FAINT),
                said(before),
                Span(" → ", Tone.FAINT),
                said(after, Tone.STRONG),
            )
        )
    for word, moments, count in (
        ("loses", change.loses, change.fires_before),
        ("gains", change.gains, change.fires_after),
    ):
        if moments:
            times = "  ".join(clock(moment, zone, now=now) for moment in moments)
            lines.append(
                (
                    Span(f"       {word} ", Tone.FAINT),
                    Span(f"{times} {zone_name(zone, now)}"),
                    Span(f"  of {plural(count, 'fire')}", Tone.FAINT),
                )
            )
    return lines
