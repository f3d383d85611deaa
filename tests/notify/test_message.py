import json

import msgspec
import pytest

from cronsole.model.event import Level
from cronsole.model.instant import from_iso
from cronsole.model.message import Message, MessageKind
from cronsole.model.run import Range, RunState, SkipReason
from cronsole.notify.message import headline, json_of, level_of, text_of

SLOT = from_iso("2026-11-20T02:30Z")
FAILURE = Message(
    id="r1.failure",
    kind=MessageKind.FAILURE,
    at=SLOT + 90_000,
    schedule_id="gc",
    state=RunState.FAILED,
    run_id="r1",
    description="Collects garbage",
    origin="tasks.toml:14",
    slot=SLOT,
    detail="exit code 3",
    attempt=3,
    output="one\n\x1b[31mtwo\n",
)


def change(**fields: object) -> Message:
    return msgspec.structs.replace(FAILURE, **fields)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (FAILURE, "gc failed: exit code 3"),
        (change(state=RunState.LOST, detail="the engine died"), "gc lost: the engine died"),
        (change(state=RunState.TIMED_OUT, detail="timed out after 3s"), "gc timed out after 3s"),
        (change(kind=MessageKind.SUCCESS, state=RunState.SUCCEEDED, detail=""), "gc succeeded"),
        (change(kind=MessageKind.RECOVERY, state=RunState.SUCCEEDED, detail=""), "gc succeeded again"),
        (
            change(
                kind=MessageKind.SKIP, state=RunState.SKIPPED, reason=SkipReason.LOCK_HELD, detail="by node 7"
            ),
            "gc skipped, lock held: by node 7",
        ),
        (
            change(
                kind=MessageKind.MISSED,
                state=RunState.MISSED,
                stands_for=Range(3, SLOT, SLOT + 120_000),
                detail="",
            ),
            "gc missed 3 slots, 2026-11-20T02:30Z to 2026-11-20T02:32Z",
        ),
        (
            change(kind=MessageKind.MISSED, stands_for=Range(1, SLOT, SLOT), detail=""),
            "gc missed 1 slot, 2026-11-20T02:30Z",
        ),
        (change(detail="a\nb\x1b[0m"), "gc failed: a\\x0ab\\x1b[0m"),
    ],
)
def test_a_message_is_told_in_one_line(message: Message, told: str) -> None:
    assert headline(message) == told


def test_the_text_says_what_is_known_and_nothing_that_a_terminal_obeys() -> None:
    assert text_of(FAILURE).splitlines() == [
        "gc failed: exit code 3",
        "what: Collects garbage",
        "slot: 2026-11-20T02:30Z",
        "attempt: 3",
        "run: r1",
        "defined in: tasks.toml:14",
        "",
        "one",
        "\\x1b[31mtwo",
    ]


def test_json_has_times_that_people_can_read_and_the_output_as_it_was() -> None:
    told = json.loads(json_of(change(stands_for=Range(2, SLOT, SLOT + 60_000))))
    assert told["at"] == "2026-11-20T02:31:30Z"
    assert told["slots"] == {"count": 2, "first": "2026-11-20T02:30Z", "last": "2026-11-20T02:31Z"}
    assert told["output"] == "one\n\x1b[31mtwo\n"
    assert "stands_for" not in told


def test_a_message_without_slots_says_so() -> None:
    told = json.loads(json_of(change(slot=None)))
    assert (told["slot"], told["slots"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "level"),
    [("failure", Level.ERROR), ("missed", Level.WARNING), ("skip", Level.WARNING), ("recovery", Level.INFO)],
)
def test_a_message_is_as_loud_as_its_kind_deserves(kind: str, level: Level) -> None:
    assert level_of(change(kind=MessageKind(kind))) is level
