"""The audit trail, and the idempotency keys under which people and programs asked."""

import sqlite3

from cronsole.model.instant import Instant
from cronsole.store.base import AuditEntry, KeyUsed
from cronsole.store.statements import statements

# Above every entry.
_END = 2**63 - 1

# What one transaction forgets.
_SLICE_KEYS = 1_000


def audit_trail(
    connection: sqlite3.Connection, limit: int, before: int | None, *, actor: str, verb: str, target: str
) -> list[AuditEntry]:
    """Return entries newest first, those before the cursor and with these fields where they are not empty."""
    leads = {"audit_of_target": target, "audit_of_actor": actor, "audit_of_verb": verb}
    statement = statements()[next((name for name, value in leads.items() if value), "audit_of_all")]
    values = {"target": target, "actor": actor, "verb": verb, "limit": limit}
    bound = {**values, "before": _END if before is None else min(before, _END)}
    rows = connection.execute(statement, tuple(bound[name] for name in statement.names))
    return [AuditEntry(*row) for row in rows]


def key_used(connection: sqlite3.Connection, actor: str, key: str) -> KeyUsed | None:
    """Return what an asker's key was used for."""
    statement = statements()["key_used"]
    row = connection.execute(statement, statement.bind(actor=actor, used_key=key)).fetchone()
    return None if row is None else KeyUsed(*row)


def forget_keys(connection: sqlite3.Connection, before: Instant) -> bool:
    """Delete a slice of the keys used before an instant; tell whether there may be more."""
    deleted = connection.execute(statements()["forget_keys"], (before, _SLICE_KEYS)).rowcount
    return deleted == _SLICE_KEYS
