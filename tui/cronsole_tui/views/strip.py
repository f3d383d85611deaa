"""The last runs of a schedule in a strip of cells: how long each took against the others, and which failed."""

from collections.abc import Sequence
from statistics import median

from cronsole import marks
from cronsole.model.instant import Millis
from cronsole.model.run import RunState
from cronsole.model.view import Spark
from cronsole_tui.views.glyphs import of_run, shown
from cronsole_tui.views.line import Line, Span, Tone


def strip(runs: Sequence[Spark], cells: int, *, ascii_only: bool = False) -> Line:
    """Return the newest runs that fit, the oldest on the left; neighbours of one tone are one span."""
    newest = runs[-cells:] if cells > 0 else ()
    usual = usual_ms(runs)
    spans: list[Span] = []
    for run in newest:
        text, tone = _cell(run, usual, ascii_only=ascii_only)
        if spans and spans[-1].tone is tone:
            spans[-1] = Span(spans[-1].text + text, tone)
        else:
            spans.append(Span(text, tone))
    return tuple(spans)


def usual_ms(runs: Sequence[Spark]) -> Millis | None:
    """Return the median of the runs that ended by themselves; a cancelled one says nothing of how long it takes."""
    took = [
        run.duration_ms for run in runs if run.state is RunState.SUCCEEDED and run.duration_ms is not None
    ]
    return int(median(took)) if took else None


def _cell(run: Spark, usual: Millis | None, *, ascii_only: bool) -> tuple[str, Tone]:
    mark = of_run(run.state)
    if run.state is not RunState.SUCCEEDED:
        return shown(mark, ascii_only=ascii_only), mark.tone
    bars = marks.LETTER_BARS if ascii_only else marks.BARS
    return bars[marks.bar_height(run.duration_ms, usual)], Tone.QUIET
