"""An event, or an entry of the audit trail, as one line."""

from datetime import tzinfo

from cronsole.model.event import Level
from cronsole.model.instant import Instant
from cronsole.model.view import AuditView, EventView
from cronsole_tui.views.line import Line, Span, Tone, said
from cronsole_tui.views.moments import second

_TONES = {Level.DEBUG: Tone.FAINT, Level.INFO: Tone.PLAIN, Level.WARNING: Tone.WARN, Level.ERROR: Tone.BAD}
_LETTERS = {Level.DEBUG: " ", Level.INFO: " ", Level.WARNING: "!", Level.ERROR: "✗"}


def event_line(event: EventView, host: str, *, now: Instant, zone: tzinfo, ascii_only: bool = False) -> Line:
    letter = _LETTERS[event.level]
    if ascii_only and not letter.isascii():
        letter = "x"
    tone = _TONES[event.level]
    where = (said(f"{host}  ", Tone.FAINT),) if host else ()
    return (
        Span(f" {letter} ", tone),
        Span(f"{second(event.at, zone, now):<17}", Tone.FAINT),
        *where,
        said(event.message or event.kind, tone),
    )


def audit_line(entry: AuditView, host: str, *, now: Instant, zone: tzinfo) -> Line:
    where = (said(f"{host}  ", Tone.FAINT),) if host else ()
    return (
        Span(f"   {second(entry.at, zone, now):<17}", Tone.FAINT),
        *where,
        said(f"{entry.actor}  ", Tone.ACCENT),
        said(f"{entry.verb} {entry.target}", Tone.STRONG),
        said(f"  {entry.detail}", Tone.QUIET),
    )


def event_matches(event: EventView, words: list[str]) -> bool:
    """Tell whether all the words occur in what the event says; one with `!` in front must not."""
    text = f"{event.kind} {event.schedule_id} {event.run_id} {event.message}".casefold()
    return all((word[1:] not in text) if word[:1] == "!" and word[1:] else (word in text) for word in words)
