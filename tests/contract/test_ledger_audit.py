"""The ledger's contract: the audit trail, and idempotency keys."""

import pytest
from tests.contract.conftest import Shelf
from tests.contract.ledger_rows import claim, defined, finished, make, manual

from cronsole.model.instant import DAY
from cronsole.store.base import AuditEntry, Batch, KeyUsed, Ledger, Retention


def _key(key: str = "k1", actor: str = "ann", **fields: object) -> KeyUsed:
    values: dict[str, object] = {"digest": "d", "result": '{"ä": 1}', "at": 7}
    return KeyUsed(actor, key, **(values | fields))  # type: ignore[arg-type]


async def _entries(ledger: Ledger) -> None:
    told = (
        ("ann", "pause", "tidy"),
        ("bob", "resume", "tidy"),
        ("ann", "pause", "back_up"),
        ("bob", "pause", "tidy"),
        ("ann", "trigger", "tidy"),
    )
    for number, words in enumerate(told, 1):
        await ledger.commit(Batch(audit=[AuditEntry(number, *words, f"entry {number}")]))


async def test_the_audit_trail_is_newest_first_and_numbered(ledger: Ledger):
    await _entries(ledger)
    trail = await ledger.audit_trail(limit=2)
    assert [entry.detail for entry in trail] == ["entry 5", "entry 4"]
    assert trail[0].entry > trail[1].entry > 0
    assert trail[0] == AuditEntry(5, "ann", "trigger", "tidy", "entry 5", trail[0].entry)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"actor": "ann"}, [5, 3, 1]),
        ({"verb": "pause"}, [4, 3, 1]),
        ({"target": "tidy"}, [5, 4, 2, 1]),
        ({"actor": "ann", "verb": "pause"}, [3, 1]),
        ({"actor": "bob", "target": "tidy"}, [4, 2]),
        ({"verb": "pause", "target": "tidy"}, [4, 1]),
        ({"actor": "ann", "verb": "pause", "target": "tidy"}, [1]),
        ({"actor": "an"}, []),
    ],
)
async def test_entries_are_found_by_who_did_what_to_what(
    ledger: Ledger, words: dict[str, str], numbers: list[int]
):
    await _entries(ledger)
    assert [entry.at for entry in await ledger.audit_trail(**words)] == numbers  # type: ignore[arg-type]


async def test_pages_of_the_trail_follow_one_another_while_it_grows(ledger: Ledger):
    await _entries(ledger)
    first = await ledger.audit_trail(limit=2, target="tidy")
    await ledger.commit(Batch(audit=[AuditEntry(6, "ann", "pause", "tidy")]))
    second = await ledger.audit_trail(limit=2, target="tidy", before=first[-1].entry)
    assert [entry.at for entry in (*first, *second)] == [5, 4, 2, 1]
    assert await ledger.audit_trail(target="tidy", before=second[-1].entry) == []
    assert len(await ledger.audit_trail(before=10**30)) == 6


async def test_a_key_is_remembered_with_what_it_was_used_for(shelf: Shelf):
    await shelf.ledger.commit(Batch(keys=[_key(run_ids=("r",))]))
    ledger = await shelf.reopen()
    assert await ledger.key_used("ann", "k1") == _key()
    assert await ledger.key_used("ann", "k2") is None


async def test_two_askers_may_use_one_key(ledger: Ledger):
    await ledger.commit(Batch(keys=[_key(), _key(actor="bob", result="2")]))
    used = await ledger.key_used("bob", "k1")
    assert used is not None
    assert used.result == "2"


async def test_a_taken_key_refuses_its_own_runs_and_nothing_else(ledger: Ledger):
    await ledger.commit(
        Batch(states=[defined()], keys=[_key(run_ids=("first",))], runs=[manual(1, run_id="first")])
    )
    batch = Batch(
        keys=[_key(result="again", run_ids=("again", "and_again")), _key("k2", run_ids=("other",))],
        claims=[claim(2)],
        runs=[manual(2, run_id="again"), manual(3, run_id="other"), manual(4, run_id="and_again")],
        changes=[finished(manual(1, run_id="first"))],
        audit=[AuditEntry(1, "ann", "trigger", "tidy")],
    )
    assert (await ledger.commit(batch)).refused == {"again", "and_again"}
    assert await ledger.run("again") is None
    assert await ledger.run("and_again") is None
    assert {run.run_id for run in await ledger.unfinished_runs()} == {"other", claim(2).run_id}
    assert await ledger.key_used("ann", "k1") == _key()
    assert await ledger.key_used("ann", "k2") == _key("k2")
    assert len(await ledger.audit_trail()) == 1


async def test_of_two_uses_of_a_key_in_one_batch_the_first_counts(ledger: Ledger):
    batch = Batch(
        keys=[_key(run_ids=("first",)), _key(result="again", run_ids=("again",))],
        runs=[manual(1, run_id="first"), manual(2, run_id="again")],
    )
    assert (await ledger.commit(batch)).refused == {"again"}
    assert await ledger.key_used("ann", "k1") == _key()


async def test_a_key_alone_is_a_batch_to_be_written(ledger: Ledger):
    assert not Batch(keys=[_key()]).is_empty()
    assert Batch().is_empty()
    await ledger.commit(Batch(keys=[_key()]))
    assert await ledger.key_used("ann", "k1") is not None


async def test_pruning_forgets_keys_after_a_day_and_no_sooner(ledger: Ledger):
    old = [_key(f"old{number}", at=100) for number in range(2_500)]
    await ledger.commit(Batch(keys=[*old, _key("young", at=101)]))
    await ledger.prune(Retention(), 100 + DAY)
    assert await ledger.key_used("ann", "old0") is not None
    assert (await ledger.prune(Retention(), 101 + DAY)).rows == 0
    assert [await ledger.key_used("ann", f"old{number}") for number in (0, 999, 1_000, 2_499)] == [None] * 4
    assert await ledger.key_used("ann", "young") is not None


async def test_a_key_that_was_forgotten_may_be_used_again(ledger: Ledger):
    await ledger.commit(Batch(keys=[_key(at=1)]))
    await make(ledger, claim(1))
    await ledger.prune(Retention(), 2 + DAY)
    assert not (
        await ledger.commit(Batch(keys=[_key(at=2, run_ids=("r",))], runs=[manual(2, run_id="r")]))
    ).refused
    assert await ledger.key_used("ann", "k1") == _key(at=2)
