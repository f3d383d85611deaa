"""No state is told by its colour alone, and the colours that there are can be told apart by the colour-blind."""

from datetime import UTC
from itertools import combinations

import pytest
from rich.color import Color
from rich.style import Style
from tests.tui.seen import NOW, ago, ahead, brief, failing, host, paused, ran, running, seen

from cronsole import marks
from cronsole.model.event import Level
from cronsole.model.instant import HOUR, MINUTE
from cronsole.model.prospect import StepOutcome
from cronsole.model.run import RunState
from cronsole.model.view import EventView, ScheduleStatus, ScheduleView
from cronsole_tui.themes import THEMES, palette_of
from cronsole_tui.views import event_row, glyphs, heading, node_row, schedule_row, timeline
from cronsole_tui.views.entry import Entry, Link
from cronsole_tui.views.line import Line, Tone, faded, plain
from cronsole_tui.views.run_row import RunEntry, RunLook, row
from cronsole_tui.views.schedule_row import Look
from cronsole_tui.views.window import around
from cronsole_tui.widgets.terminal import Colours

# Every state that a schedule can be seen in.
SCHEDULES: dict[str, ScheduleView] = {
    "ok": seen(last=brief()),
    "failing": failing("gc"),
    "failing and running": failing("gc", running=running().running),
    "failing and paused": failing("gc", status=ScheduleStatus.PAUSED, pause=paused().pause),
    "late": seen(is_late=True, next_due=ago(MINUTE), last=brief()),
    "running": running("gc"),
    "queued": seen(waiting=1, last=brief()),
    "paused": paused("gc", last=brief()),
    "paused until": paused("gc", until=ahead(HOUR), last=brief()),
    "disabled": seen(status=ScheduleStatus.DISABLED, last=brief()),
    "done": seen(status=ScheduleStatus.EXHAUSTED, last=brief()),
    "circuit open": seen(circuit_open_until=ahead(MINUTE), last=brief()),
    "never ran": seen(),
    "cancelled": seen(last=brief(RunState.CANCELLED)),
    "timed out": seen(last=brief(RunState.TIMED_OUT)),
    "lost": seen(last=brief(RunState.LOST)),
}

# What tells of how things stand; the others set text off, and nobody has to tell them apart.
SPEAKING = (Tone.GOOD, Tone.BAD, Tone.WARN, Tone.BUSY)

# What is left of red, green and blue, linear, for those who lack one kind of cone: protan, deutan, tritan.
# Machado, Oliveira and Fernandes 2009, severity 1.0.
_BLINDNESS = {
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# So far apart in CIE Lab that two colours are taken for two at a glance; 2.3 is what can just be seen.
_TOLD_APART = 15.0


def seen_as(colour: Color, blindness: str) -> tuple[float, float, float]:
    """A colour in CIE Lab, as somebody with a blindness sees it."""
    linear = [_linear(part / 255) for part in colour.get_truecolor()]
    red, green, blue = (
        min(1.0, max(0.0, sum(weight * part for weight, part in zip(row, linear, strict=True))))
        for row in _BLINDNESS[blindness]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (_cube_root(part) for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _cube_root(part: float) -> float:
    return float(part ** (1 / 3)) if part > 0.008856 else 7.787 * part + 16 / 116


def distance(one: Color, other: Color, blindness: str) -> float:
    pairs = zip(seen_as(one, blindness), seen_as(other, blindness), strict=True)
    return float(sum((left - right) ** 2 for left, right in pairs) ** 0.5)


def attributes(style: Style) -> tuple[bool, ...]:
    return bool(style.bold), bool(style.underline), bool(style.dim), bool(style.reverse), bool(style.italic)


def schedule_line(view: ScheduleView, *, ascii_only: bool, width: int) -> str:
    return plain(schedule_row.row(Entry("web-1", view), Look(width, ascii_only=ascii_only), NOW))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
def test_every_state_of_a_schedule_is_told_apart_without_its_colour(ascii_only: bool, width: int) -> None:
    lines = {
        name: schedule_line(view, ascii_only=ascii_only, width=width) for name, view in SCHEDULES.items()
    }
    assert len(set(lines.values())) == len(lines)


def test_every_mark_of_a_schedule_has_a_glyph_a_letter_and_a_word_of_its_own() -> None:
    marks = {mark for view in SCHEDULES.values() for mark in glyphs.of_schedule(view) if mark is not None}
    for field in ("glyph", "word"):
        assert len({getattr(mark, field) for mark in marks}) == len(marks)


@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
def test_every_state_of_a_run_is_told_apart_without_its_colour(ascii_only: bool) -> None:
    look = RunLook(120, UTC, ascii_only=ascii_only)
    lines = {plain(row(RunEntry("h", ran(state=state)), look, NOW)) for state in RunState}
    assert len(lines) == len(RunState)
    assert len({glyphs.of_run(state).glyph for state in RunState}) == len(RunState)


@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
def test_every_link_is_told_apart_without_its_colour(ascii_only: bool) -> None:
    tops = {plain(heading.top_line([host(link=link)], 120, NOW, UTC, ascii_only=ascii_only)) for link in Link}
    assert len(tops) == len(Link)
    assert len({mark[ascii_only] for mark in node_row.LINKS.values()}) == len(Link)


@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
def test_what_went_well_and_what_failed_differ_on_the_timeline_without_colour(ascii_only: bool) -> None:
    window = around(NOW, HOUR, 60)
    drawn = {
        state: plain(
            timeline.row(
                seen(), [ran(state=state, ago_ms=10 * MINUTE)], [], window, now=NOW, ascii_only=ascii_only
            )
        )
        for state in RunState
        if state.is_final
    }
    assert len(set(drawn.values())) == len(drawn)


def test_every_outcome_of_a_step_and_every_loud_event_has_a_glyph() -> None:
    assert len({marks.OF_STEP[outcome].glyph for outcome in StepOutcome}) == len(StepOutcome)
    lines = {
        plain(
            event_row.event_line(
                EventView(id="1", at=ago(0), kind="k", level=level, message="m"), "", now=NOW, zone=UTC
            )
        )
        for level in (Level.INFO, Level.WARNING, Level.ERROR)
    }
    assert len(lines) == 3


@pytest.mark.parametrize("blindness", _BLINDNESS)
@pytest.mark.parametrize(
    "theme", [theme for theme in THEMES if theme.name != "ansi"], ids=lambda theme: theme.name
)
def test_the_tones_of_states_are_told_apart_by_everybody(theme, blindness) -> None:
    tones = palette_of(theme, Colours.ALL).tones
    for one, other in combinations(SPEAKING, 2):
        left, right = tones[one], tones[other]
        assert left.color is not None
        assert right.color is not None
        is_other_weight = attributes(left) != attributes(right)
        assert is_other_weight or distance(left.color, right.color, blindness) >= _TOLD_APART, (one, other)


@pytest.mark.parametrize("blindness", _BLINDNESS)
@pytest.mark.parametrize(
    "theme", [theme for theme in THEMES if theme.name != "ansi"], ids=lambda theme: theme.name
)
def test_failure_stands_out_from_plain_text_and_from_success(theme, blindness) -> None:
    tones = palette_of(theme, Colours.ALL).tones
    bad = tones[Tone.BAD]
    assert bad.bold
    assert bad.color is not None
    for tone in (Tone.GOOD, Tone.QUIET, Tone.FAINT):
        other = tones[tone].color
        assert other is not None
        assert distance(bad.color, other, blindness) >= _TOLD_APART, tone


@pytest.mark.parametrize("colours", [Colours.NONE, Colours.SIXTEEN])
def test_with_few_colours_or_none_failure_still_differs_from_what_is_well(colours: Colours) -> None:
    tones = palette_of(THEMES[0], colours).tones
    assert attributes(tones[Tone.BAD]) != attributes(tones[Tone.GOOD])
    assert attributes(tones[Tone.BAD]) != attributes(tones[Tone.PLAIN])


def test_what_is_old_has_nothing_in_it_that_stands_out() -> None:
    line: Line = schedule_row.row(Entry("web-1", failing()), Look(120), NOW)
    assert {span.tone for span in faded(line)} == {Tone.FAINT}
    assert plain(faded(line)) == plain(line)
