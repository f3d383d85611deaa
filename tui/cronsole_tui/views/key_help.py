"""The help for where you are, made from the table of keys."""

from collections.abc import Iterable

from cronsole_tui.keymap import Action, Scope, spoken
from cronsole_tui.views.glyphs import (
    CANCELLED,
    DISABLED,
    EXHAUSTED,
    FAILED,
    LATE,
    NEVER_RAN,
    OK,
    PAUSED,
    RUNNING,
    WAITING,
    shown,
)
from cronsole_tui.views.line import Line, Span, Tone, line_width
from cronsole_tui.views.pages import section

_KEY_CELLS = 14


def page(actions: Iterable[Action], *, ascii_only: bool = False) -> tuple[Line, ...]:
    """Return the keys by place, then what the glyphs mean."""
    lines: list[Line] = []
    scope: Scope | None = None
    for action in actions:
        if action.scope is not scope:
            scope = action.scope
            lines += ((), section(scope.value))
        keys = " ".join(spoken(key) for key in action.keys)
        lines.append((Span(f"   {keys:<{_KEY_CELLS}}", Tone.KEY), Span(action.help)))
    lines += ((), section("states"))
    marks = (FAILED, LATE, RUNNING, WAITING, PAUSED, OK, CANCELLED, NEVER_RAN, DISABLED, EXHAUSTED)
    lines += [
        (Span(f"   {shown(mark, ascii_only=ascii_only):<{_KEY_CELLS}}", mark.tone), Span(mark.word))
        for mark in marks
    ]
    return tuple(lines)


def footer(actions: Iterable[Action], width: int) -> Line:
    """Return the keys that have a word in the footer; help and the palette keep their place on the right."""
    labelled = [action for action in actions if action.label]
    right = _keys([action for action in labelled if action.name in ("help", "palette")])
    room = width - line_width(right) - 2
    left: list[Span] = [Span(" ")]
    for action in labelled:
        if action.name in ("help", "palette"):
            continue
        spans = _keys([action])
        if line_width(left) + line_width(spans) <= room:
            left += spans
    gap = max(1, width - line_width(left) - line_width(right))
    return (*left, Span(" " * gap), *right)


def _keys(actions: Iterable[Action]) -> Line:
    spans: list[Span] = []
    for action in actions:
        spans += (Span(spoken(action.keys[0]), Tone.KEY), Span(f" {action.label}  ", Tone.FAINT))
    return tuple(spans)
