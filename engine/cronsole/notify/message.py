"""A message as text for people and as JSON for programs."""

from typing import Final

import msgspec

from cronsole.model.event import Level
from cronsole.model.instant import Instant, to_iso
from cronsole.model.message import Message, MessageKind
from cronsole.model.run import RunState
from cronsole.text import plural, safe

_LEVELS: Final = {
    MessageKind.FAILURE: Level.ERROR,
    MessageKind.MISSED: Level.WARNING,
    MessageKind.SKIP: Level.WARNING,
}


def level_of(message: Message) -> Level:
    """Return how loud a message is where nothing else is said."""
    return _LEVELS.get(message.kind, Level.INFO)


def headline(message: Message) -> str:
    """Return what happened in one line that a terminal can show."""
    told = f"{message.schedule_id} {_what(message)}"
    if not message.detail:
        return safe(told)
    if message.state is RunState.TIMED_OUT:  # its detail says so itself
        return safe(f"{message.schedule_id} {message.detail}")
    return safe(f"{told}: {message.detail}")


def text_of(message: Message) -> str:
    """Return the headline with what is known beside it, each line safe to show."""
    facts = {
        "what": message.description,
        "slot": _iso(message.slot),
        "attempt": str(message.attempt) if message.attempt > 1 else "",
        "run": message.run_id,
        "defined in": message.origin,
    }
    lines = [headline(message), *(f"{name}: {safe(fact)}" for name, fact in facts.items() if fact)]
    if message.output:
        lines += ["", safe(message.output, keeps_breaks=True).rstrip("\n")]
    return "\n".join(lines)


def json_of(message: Message) -> bytes:
    """Return the message as a JSON object: times in ISO 8601, and the text under `text`."""
    fields = msgspec.to_builtins(message)
    missed = fields.pop("stands_for")
    fields |= {
        "at": to_iso(message.at),
        "slot": _iso(message.slot) or None,
        "slots": None if message.stands_for is None else _span(missed),
        "text": text_of(message),
    }
    return msgspec.json.encode(fields)


def _span(stands_for: dict[str, int]) -> dict[str, object]:
    return {**stands_for, "first": to_iso(stands_for["first"]), "last": to_iso(stands_for["last"])}


def _what(message: Message) -> str:
    match message.kind:
        case MessageKind.FAILURE:
            return message.state.value.replace("_", " ")
        case MessageKind.SUCCESS:
            return "succeeded"
        case MessageKind.RECOVERY:
            return "succeeded again"
        case MessageKind.SKIP:
            return (
                "skipped" if message.reason is None else f"skipped, {message.reason.value.replace('_', ' ')}"
            )
        case MessageKind.MISSED:
            return _missed(message)


def _missed(message: Message) -> str:
    slots = message.stands_for
    if slots is None:
        return "missed a slot"
    span = to_iso(slots.first) + (f" to {to_iso(slots.last)}" if slots.count > 1 else "")
    return f"missed {plural(slots.count, 'slot')}, {span}"


def _iso(at: Instant | None) -> str:
    return "" if at is None else to_iso(at)
