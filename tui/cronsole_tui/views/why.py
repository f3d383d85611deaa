"""The decision about a slot, laid out step by step."""

from collections.abc import Sequence
from datetime import tzinfo

from cronsole import marks
from cronsole.model.instant import SECOND, Instant
from cronsole.model.prospect import StepOutcome, WhyView
from cronsole.model.run import Cause
from cronsole.model.view import RunView
from cronsole.text import human_duration
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone, cut, said
from cronsole_tui.views.moments import full, second, zone_name
from cronsole_tui.views.pages import field, section, wrapped
from cronsole_tui.views.run_row import cause_of, told

_TONES = {StepOutcome.PASSES: Tone.GOOD, StepOutcome.STOPS: Tone.BAD, StepOutcome.NOTE: Tone.FAINT}
_NAME_CELLS = 16


def page(
    why: WhyView,
    past: Sequence[RunView] = (),
    *,
    width: int,
    now: Instant,
    zone: tzinfo,
    ascii_only: bool = False,
) -> tuple[Line, ...]:
    """Return the conclusion first, then what led to it, then what became of the slots before."""
    slot = "no slot" if why.slot is None else full(why.slot, zone)
    lines: list[Line] = [field("slot", Span(slot)), ()]
    lines += [(Span(" "), Span(text, Tone.STRONG)) for text in wrapped(why.conclusion, width - 2)]
    lines.append(())
    for step in why.steps:
        mark = marks.OF_STEP[step.outcome]
        texts = wrapped(step.detail, max(10, width - _NAME_CELLS - 6))
        head = Span(mark.letter if ascii_only else mark.glyph, _TONES[step.outcome])
        lines.append((Span("   "), head, Span(f" {step.name:<{_NAME_CELLS}}", Tone.FAINT), Span(texts[0])))
        lines += [(Span(" " * (_NAME_CELLS + 5)), Span(text)) for text in texts[1:]]
    if past:
        lines += ((), section(f"slots before, and what became of them; times in {zone_name(zone, now)}"))
        lines += [_verdict(run, now, zone, ascii_only=ascii_only) for run in past]
    return tuple(cut(line, width) for line in lines)


def _verdict(run: RunView, now: Instant, zone: tzinfo, *, ascii_only: bool) -> Line:
    mark = of_run(run.state)
    parts = [mark.word, told(run)]
    if run.late_ms is not None and not run.is_catchup:
        parts.append("on time" if run.late_ms < SECOND else f"started {human_duration(run.late_ms)} late")
    if run.is_catchup or run.cause is not Cause.SLOT:
        parts.append(cause_of(run))
    return (
        Span("   "),
        Span(shown(mark, ascii_only=ascii_only), mark.tone),
        Span(f" {second(run.slot or run.due_at, zone, now):<17}", Tone.FAINT),
        said(", ".join(part for part in parts if part)),
    )
