"""The SQL of the ledger, read from its files by aiosql and given numbered parameters."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.aiosqlite import AioSQLiteAdapter
from aiosql.utils import VAR_REF

_FOLDER = Path(__file__).parent
_SQLITE_ONLY = re.compile(r"/\*\s*sqlite:\s*(.*?)\s*\*/")


class Statement(str):
    """One SQL text whose parameters are numbered in the order of their names."""

    __slots__ = ("names",)
    names: tuple[str, ...]

    def bind(self, **values: Any) -> tuple[Any, ...]:
        """Return the values in the order of the parameters."""
        return tuple(values[name] for name in self.names)


def numbered(text: str, order: Sequence[str] = ()) -> Statement:
    """Return the text with `:name` as `?1`, `?2`, in the order given, then of first appearance.

    Numbers let a row be bound as a tuple, which is faster than by name, and which later Pythons ask for.
    """
    names = {name: place for place, name in enumerate(order, start=1)}

    def number(match: re.Match[str]) -> str:
        name = match["var_name"]
        if name is None:
            return match[0]
        return f"{match['lead']}?{names.setdefault(name, len(names) + 1)}"

    statement = Statement(VAR_REF.sub(number, text))
    statement.names = tuple(names)
    return statement


@cache
def statements() -> dict[str, Statement]:
    """Return every named statement of `sql/*.sql`."""
    queries = aiosql.from_path(_FOLDER / "sql", AioSQLiteAdapter, mandatory_parameters=False)
    named = {
        name: getattr(queries, name) for name in queries.available_queries if not name.endswith("_cursor")
    }
    return {name: numbered(query.sql, query.parameters or ()) for name, query in named.items()}


def migrations() -> list[tuple[int, list[str]]]:
    """Return the numbered migrations, oldest first, each as its statements in SQLite's form."""
    found = []
    for path in sorted((_FOLDER / "migrations").glob("[0-9]*.sql")):
        text = _SQLITE_ONLY.sub(r"\1", path.read_text(encoding="utf-8"))
        found.append((int(path.name.split("_")[0]), [part for part in text.split(";\n") if part.strip()]))
    return found
