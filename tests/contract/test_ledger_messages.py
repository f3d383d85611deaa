"""The ledger's contract: messages are written with what they tell, wait for their channels, and leave one by one."""

from typing import Any

import pytest
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import SLOT, claim, finished

from cronsole.model.instant import DAY, FAR_FUTURE
from cronsole.model.message import (
    Deferred,
    GivenUp,
    Letter,
    Message,
    MessageChange,
    MessageKind,
    Posted,
    Remembered,
    Sent,
)
from cronsole.model.run import Range, RunState, SkipReason
from cronsole.store.base import Batch, Ledger
from cronsole.store.messages import KEPT_MEMORIES


def message(number: int = 1, **fields: Any) -> Message:
    values: dict[str, Any] = {"id": f"{number:04}", "kind": MessageKind.FAILURE, "at": number * SLOT}
    return Message(**(values | {"schedule_id": "tidy", "state": RunState.FAILED} | fields))


async def write(ledger: Ledger, *changes: MessageChange) -> None:
    await ledger.commit(Batch(messages=list(changes)))


async def pending(ledger: Ledger, channel: str = "ops", now: int = FAR_FUTURE, **fields: Any) -> list[str]:
    return [letter.message.id for letter in await ledger.pending_messages(channel, now, **fields)]


async def test_a_message_comes_back_as_it_was_posted_for_each_of_its_channels(shelf: Shelf):
    full = message(
        slot=SLOT,
        stands_for=Range(2, 0, SLOT),
        reason=SkipReason.OVERLAP,
        detail="why — “so”",
        exit_code=3,
        attempt=2,
        output="a\n\x00\x1b\U0001f600",
        description="d",
        origin="f:1",
        node="n",
        run_id="r",
    )
    await write(shelf.ledger, Posted(full, ("ops", "log")))
    ledger = await shelf.reopen()
    for channel in ("ops", "log"):
        assert await ledger.pending_messages(channel, FAR_FUTURE) == [Letter(full, channel, 0, full.at)]
    assert await ledger.waiting_channels() == {"ops": full.at, "log": full.at}


async def test_a_message_of_a_refused_claim_is_not_posted(ledger: Ledger):
    await ledger.commit(Batch(claims=[claim(1)]))
    again, other = claim(1, run_id="again"), claim(2)
    posted = [Posted(message(n, run_id=run.run_id), ("ops",)) for n, run in ((1, again), (2, other))]
    committed = await ledger.commit(Batch(claims=[again, other], messages=list(posted)))
    assert committed.refused == {"again"}
    assert await pending(ledger) == ["0002"]


async def test_a_message_of_a_refused_outcome_is_not_posted(ledger: Ledger):
    run = claim(1, fence=5)
    await ledger.commit(Batch(claims=[run]))
    stale = finished(run, RunState.FAILED, fence=4)
    told = Posted(message(run_id=run.run_id), ("ops",))
    await ledger.commit(Batch(changes=[stale], messages=[told]))
    assert await pending(ledger) == []
    await ledger.commit(Batch(changes=[finished(run, RunState.FAILED)], messages=[told]))
    assert await pending(ledger) == ["0001"]


async def test_a_message_that_was_posted_before_is_not_posted_again(ledger: Ledger):
    await write(ledger, Posted(message(), ("ops",)))
    await write(ledger, Deferred("0001", "ops", 1, 5 * SLOT, "down"), Posted(message(), ("ops", "log")))
    (letter,) = await ledger.pending_messages("ops", FAR_FUTURE)
    assert letter.tries == 1
    assert await pending(ledger, "log") == ["0001"]


async def test_a_message_that_was_sent_waits_for_the_other_channels_only(ledger: Ledger):
    await write(ledger, Posted(message(), ("ops", "log")))
    await write(ledger, Sent("0001", "ops"), Sent("0001", "ops"))
    assert await pending(ledger) == []
    assert await pending(ledger, "log") == ["0001"]


async def test_messages_that_are_due_come_the_longest_due_first(ledger: Ledger):
    await write(ledger, *(Posted(message(number), ("ops",)) for number in (3, 1, 2)))
    await write(ledger, Deferred("0001", "ops", 1, 4 * SLOT, "down"))
    assert await pending(ledger, now=3 * SLOT) == ["0002", "0003"]
    assert await pending(ledger) == ["0002", "0003", "0001"]
    assert await pending(ledger, limit=1) == ["0002"]
    assert await ledger.waiting_channels() == {"ops": 2 * SLOT}


async def test_a_message_that_was_deferred_says_why_and_how_often(shelf: Shelf):
    await write(
        shelf.ledger, Posted(message(), ("ops",)), Deferred("0001", "ops", 3, 9 * SLOT, "answered 500")
    )
    ledger = await shelf.reopen()
    assert await ledger.pending_messages("ops", 8 * SLOT) == []
    assert await ledger.pending_messages("ops", 9 * SLOT) == [
        Letter(message(), "ops", 3, 9 * SLOT, None, "answered 500")
    ]


async def test_a_message_that_was_given_up_is_kept_and_waits_no_more(ledger: Ledger):
    await write(ledger, Posted(message(), ("ops",)), Posted(message(2), ("ops",)))
    await write(ledger, GivenUp("0001", "ops", 150, DAY, "down"))
    assert await pending(ledger) == ["0002"]
    assert await ledger.failed_messages() == [Letter(message(), "ops", 150, SLOT, DAY, "down")]


async def test_what_was_given_up_is_kept_for_ninety_days(ledger: Ledger):
    await write(ledger, *(Posted(message(number), ("ops",)) for number in (1, 2, 3)))
    await write(ledger, GivenUp("0001", "ops", 9, DAY, ""), GivenUp("0002", "ops", 9, 2 * DAY, ""))
    await write(ledger, GivenUp("0003", "ops", 9, 92 * DAY - 1, ""))
    assert [letter.message.id for letter in await ledger.failed_messages()] == ["0003", "0002"]
    assert len(await ledger.failed_messages(limit=1)) == 1


async def test_a_memory_keeps_what_it_was_told_once_and_newest_first(shelf: Shelf):
    await write(shelf.ledger, Remembered(message(1), "memo"), Remembered(message(2), "memo"))
    await write(shelf.ledger, Remembered(message(1), "memo"), Remembered(message(1), "other"))
    ledger = await shelf.reopen()
    assert await ledger.remembered("memo") == [message(2), message(1)]
    assert await ledger.remembered("memo", limit=1) == [message(2)]
    assert await ledger.remembered("other") == [message(1)]


async def test_a_memory_forgets_its_oldest(ledger: Ledger):
    await write(ledger, Remembered(message(1), "other"))
    await write(ledger, *(Remembered(message(number), "memo") for number in range(1, KEPT_MEMORIES + 3)))
    kept = await ledger.remembered("memo", limit=KEPT_MEMORIES * 2)
    assert [kept[-1], len(kept)] == [message(3), KEPT_MEMORIES]
    assert await ledger.remembered("other") == [message(1)]


@pytest.mark.parametrize("text", ["\ud800 lone", "ends in \udfff"])
async def test_text_that_no_database_can_hold_beside_a_message_does_not_lose_it(ledger: Ledger, text: str):
    run = claim(1)
    ended = finished(run, RunState.FAILED, output=text)
    told = Posted(message(run_id=run.run_id), ("ops",))
    await ledger.commit(Batch(claims=[run], changes=[ended], messages=[told]))
    assert await pending(ledger) == ["0001"]
