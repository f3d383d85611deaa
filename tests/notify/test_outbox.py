"""The way from the ledger to a channel: again and again, in order, without a loss, and no channel in another's way."""

from typing import Any

import msgspec
import pytest
from tests.contract.ledger_rows import finished, manual
from tests.notify.conftest import Server, delivered, wait
from tests.runtime import handlers_in_tests
from tests.runtime.house import House, calls, schedule

from cronsole.errors import StoreUnavailable
from cronsole.model.channel import LogChannel, MemoryChannel
from cronsole.model.event import MessageLogged, Warned
from cronsole.model.instant import HOUR, from_iso
from cronsole.model.message import Deferred, Message, MessageKind, Posted
from cronsole.model.policy import Notify
from cronsole.model.run import Finished, RunState
from cronsole.notify.outbox import RETRY
from cronsole.planning.retry import next_attempt
from cronsole.store.base import Batch
from cronsole.store.sqlite import SqliteLedger

YEARLY = "0 0 1 1 *"
OPS = Notify(on_failure=("ops",))
AT = from_iso("2026-11-20T00:00Z")


def message(number: int = 1, **fields: Any) -> Message:
    values: dict[str, Any] = {"id": f"{number:04}.failure", "kind": MessageKind.FAILURE, "at": AT + number}
    return Message(**(values | {"schedule_id": "gc", "state": RunState.FAILED} | fields))


async def post(house: House, *channels: str, count: int = 1) -> None:
    """Post messages to a running engine, each to all of the channels."""
    posted = [Posted(message(number), channels) for number in range(1, count + 1)]
    await house.engine.journal.ask(messages=posted)


async def fail(house: House) -> str:
    """Let a run of `gc` fail; return its id."""
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)
    return run_id


def warnings(house: House) -> list[str]:
    return [event.detail for event in house.of(Warned)]


async def test_a_webhook_that_fails_and_then_recovers_gets_the_message_with_the_same_id(
    house: House, server: Server
) -> None:
    server.status = 503
    await house.start(schedule("gc", YEARLY, calls("fail"), notify=OPS), channels=(server.channel(),))
    run_id = await fail(house)
    await delivered(house)
    assert server.ids == [f"{run_id}.failure"]
    await wait(house, 10)
    await wait(house, 10)
    assert len(server.ids) == 2
    server.status = 200
    await wait(house, 10)
    assert server.ids == [f"{run_id}.failure"] * 3
    await wait(house, 3_600)
    assert len(server.ids) == 3
    assert await house.engine.ledger.waiting_channels() == {}


async def test_a_webhook_that_is_down_gets_everything_once_it_is_up_and_in_order(
    house: House, server: Server
) -> None:
    server.close()
    await house.start(channels=(server.channel(),))
    await post(house, "ops", count=30)
    await delivered(house)
    await wait(house, 7)
    assert warnings(house) == [
        "notify.ops: cannot connect: All connection attempts failed; what it is told waits"
    ]
    await server.open()
    await wait(house, 5)
    await wait(house, 60)
    assert sorted(server.ids) == [f"{number:04}.failure" for number in range(1, 31)]
    assert server.ids[:27] == sorted(server.ids[:27])


async def test_what_an_engine_was_killed_before_sending_is_sent_by_the_next(
    house: House, server: Server
) -> None:
    gc = schedule("gc", YEARLY, notify=OPS)
    await house.start(gc)
    await house.stop()
    run = manual(1, schedule_id="gc")
    told = message(id=f"{run.run_id}.failure", run_id=run.run_id)
    ledger = SqliteLedger(house.state / "ledger.db")
    await ledger.open()
    outcome = finished(run, RunState.FAILED)
    await ledger.commit(Batch(runs=[run], changes=[outcome], messages=[Posted(told, ("ops",))]))
    await ledger.close()
    await house.start(gc, channels=(server.channel(),))
    await delivered(house)
    assert server.ids == [told.id]


async def test_what_waits_survives_a_restart_and_is_then_tried_at_once(house: House, server: Server) -> None:
    server.status = 500
    gc = schedule("gc", YEARLY, calls("fail"), notify=OPS)
    await house.start(gc, channels=(server.channel(),))
    run_id = await fail(house)
    await delivered(house)
    await house.stop()
    server.status = 200
    await house.start()
    await delivered(house)
    assert server.ids == [f"{run_id}.failure"] * 2


async def test_a_message_is_written_with_its_outcome_or_not_at_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc = schedule("gc", YEARLY, calls("fail"), notify=OPS)
    await house.start(gc, channels=(LogChannel("ops"),))
    batches: list[Batch] = []
    real = house.engine.ledger.commit

    async def noted(batch: Batch) -> Any:
        batches.append(batch)
        return await real(batch)

    monkeypatch.setattr(house.engine.ledger, "commit", noted)
    await fail(house)
    await delivered(house)
    (with_outcome,) = [b for b in batches if any(isinstance(change, Finished) for change in b.changes)]
    (posted,) = with_outcome.messages
    assert isinstance(posted, Posted)
    assert posted.channels == ("ops",)


async def test_an_outcome_that_cannot_be_written_is_told_when_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc = schedule("gc", YEARLY, calls("hold"), notify=Notify(on_success=("ops",)))
    await house.start(gc, channels=(LogChannel("ops"),))
    run_id = await house.engine.control.trigger("gc", actor="ann")
    await house.seconds(1)

    async def refuse(_batch: Batch) -> Any:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(house.engine.ledger, "commit", refuse)
        handlers_in_tests.gates[run_id].set()
        await house.seconds(10)
        assert house.of(MessageLogged) == []
    await wait(house, 5)
    assert len(house.of(MessageLogged)) == 1


async def test_a_channel_that_hangs_holds_up_only_itself(house: House, server: Server) -> None:
    server.is_silent = True
    await house.start(channels=(server.channel(), LogChannel("log")))
    await post(house, "ops", "log", count=3)
    await server.until(1)
    await house.until(MessageLogged, count=3)
    assert len(server.bodies) == 1
    assert list(await house.engine.ledger.waiting_channels()) == ["ops"]


async def test_a_channel_that_hangs_is_let_go_when_its_time_is_up(house: House, server: Server) -> None:
    server.is_silent = True
    await house.start(channels=(server.channel(timeout_ms=50),))
    await post(house, "ops")
    await delivered(house)
    assert warnings(house) == ["notify.ops: took longer than 50ms; what it is told waits"]


async def test_a_message_that_one_channel_refuses_does_not_keep_others_from_it(
    house: House, server: Server
) -> None:
    server.status = 413
    await house.start(channels=(server.channel(),))
    await post(house, "ops", count=2)
    await delivered(house)
    server.status = 200
    await wait(house, 5)
    assert server.ids == ["0001.failure", "0002.failure"]
    await wait(house, 5)
    assert server.ids == ["0001.failure", "0002.failure", "0001.failure"]


async def test_a_message_that_nobody_takes_is_given_up_with_a_warning_and_kept(
    house: House, server: Server
) -> None:
    server.status = 500
    await house.start(channels=(server.channel(),))
    nearly = Deferred(message().id, "ops", RETRY.attempts, house.clock.now(), "answered 500")
    await house.engine.journal.ask(messages=[Posted(message(), ("ops",)), nearly])
    await delivered(house)
    assert warnings(house) == ['notify.ops: "gc failed" is given up after 150 tries: answered 500']
    (letter,) = await house.engine.ledger.failed_messages()
    assert (letter.message, letter.channel, letter.tries) == (message(), "ops", 150)
    assert letter.detail == "answered 500"
    assert await house.engine.ledger.waiting_channels() == {}


def test_the_tries_of_a_message_take_about_a_day() -> None:
    at = 0
    for attempt in range(1, RETRY.attempts + 1):
        at = next_attempt(RETRY, attempt=attempt, is_final=False, now=at, seed="") or 0
    assert 23 * HOUR < at < 25 * HOUR


async def test_an_outage_is_warned_of_once(house: House, server: Server) -> None:
    server.status = 502
    await house.start(channels=(server.channel(),))
    await post(house, "ops", count=3)
    for _ in range(10):
        await wait(house, 60)
    assert warnings(house) == ["notify.ops: answered 502; what it is told waits"]


async def test_an_outage_after_the_channel_worked_again_is_warned_of_again(
    house: House, server: Server
) -> None:
    await house.start(channels=(server.channel(),))
    for number, status in enumerate((500, 200, 500), start=1):
        server.status = status
        await house.engine.journal.ask(messages=[Posted(message(number), ("ops",))])
        await wait(house, 30)
    assert warnings(house) == ["notify.ops: answered 500; what it is told waits"] * 2


async def test_messages_for_a_channel_that_is_defined_no_more_wait_for_it(
    house: House, server: Server
) -> None:
    server.status = 500
    await house.start(channels=(server.channel(),))
    await post(house, "ops")
    await delivered(house)
    server.status = 200
    await house.reload(channels=())
    await wait(house, 60)
    assert len(server.ids) == 1
    await house.reload(channels=(server.channel(),))
    await delivered(house)
    assert server.ids == ["0001.failure"] * 2


async def test_a_channel_that_is_corrected_is_tried_at_once(house: House, server: Server) -> None:
    wrong = msgspec.structs.replace(server.channel(), url="http://127.0.0.1:1/")
    await house.start(channels=(wrong,))
    await post(house, "ops")
    for _ in range(6):
        await wait(house, 60)
    await house.reload(channels=(server.channel(),))
    await delivered(house)
    assert server.ids == ["0001.failure"]


async def test_a_channel_that_breaks_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("with a secret in it")

    monkeypatch.setattr("cronsole.notify.memory.written", broken)
    await house.start(channels=(MemoryChannel("memo"), LogChannel("log")))
    await post(house, "memo", "log")
    await delivered(house)
    assert warnings(house) == ["notify.memo: broke with RuntimeError; what it is told waits"]
    assert len(house.of(MessageLogged)) == 1


async def test_what_fails_in_the_last_moment_of_an_engine_still_gets_out(
    house: House, server: Server
) -> None:
    await house.start(channels=(server.channel(),))
    await post(house, "ops")
    await house.stop()
    assert server.ids == ["0001.failure"]


async def test_an_engine_that_notifies_nobody_asks_the_ledger_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = SqliteLedger.waiting_channels

    async def counted(self: SqliteLedger) -> dict[str, int]:
        asked.append(1)
        return await real(self)

    monkeypatch.setattr(SqliteLedger, "waiting_channels", counted)
    await house.start(schedule("gc", "* * * * *", calls("fail")))
    await house.seconds(600)
    await delivered(house)
    assert asked == [1]
