"""The help for where you are, made from the table of keys."""

from collections.abc import Iterable

from cronsole_tui.keymap import Action, Scope, spoken
from cronsole_tui.views import glyphs
from cronsole_tui.views.glyphs import shown
from cronsole_tui.views.line import Line, Span, Tone, cut, line_width
from cronsole_tui.views.pages import section, side_by_side

_KEY_CELLS = 14
# From this width on there is room for two blocks beside each other.
_TWO_BLOCKS = 144

# The place itself comes first, what holds everywhere last.
_LAST = (Scope.TABLE, Scope.EVERYWHERE)

_STATES = (
    *(glyphs.FAILED, glyphs.LATE, glyphs.RUNNING, glyphs.WAITING, glyphs.PAUSED, glyphs.OK),
    *(glyphs.CANCELLED, glyphs.NEVER_RAN, glyphs.DISABLED, glyphs.EXHAUSTED),
)


def page(actions: Iterable[Action], *, ascii_only: bool = False, width: int = 0) -> tuple[Line, ...]:
    """Return the keys by place, then what the glyphs mean; in two columns where they have room."""
    scopes: dict[Scope, list[Line]] = {}
    for action in actions:
        keys = " ".join(spoken(key) for key in action.keys)
        line = (Span(f"   {keys:<{_KEY_CELLS}}", Tone.KEY), Span(action.help))
        scopes.setdefault(action.scope, []).append(line)
    places = [scope for scope in scopes if scope not in _LAST]
    blocks = [
        [section(scope.value), *scopes[scope], ()]
        for scope in (*places, *(scope for scope in _LAST if scope in scopes))
    ]
    states: list[Line] = [section("states")]
    states += [
        (Span(f"   {shown(mark, ascii_only=ascii_only):<{_KEY_CELLS}}", mark.tone), Span(mark.word))
        for mark in _STATES
    ]
    blocks.append(states)
    if width < _TWO_BLOCKS:
        return tuple(line for block in blocks for line in block)
    left: list[Line] = []
    half = sum(map(len, blocks)) // 2
    while len(blocks) > 1 and len(left) + len(blocks[0]) // 2 < half:
        left += blocks.pop(0)
    return tuple(side_by_side(left, [line for block in blocks for line in block], width))


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
    return cut((*left, Span(" " * gap), *right), width)


def _keys(actions: Iterable[Action]) -> Line:
    spans: list[Span] = []
    for action in actions:
        spans += (Span(spoken(action.keys[0]), Tone.KEY), Span(f" {action.label}  ", Tone.FAINT))
    return tuple(spans)
