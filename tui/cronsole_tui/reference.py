"""The table of keys in README and docs: `python -m cronsole_tui.reference README.md docs/console.md` writes it."""

import sys
from collections.abc import Iterable
from pathlib import Path

from cronsole_tui.keymap import ACTIONS, Action, Scope, spoken

BEGIN = "<!-- keys: made from cronsole_tui.keymap by `make screenshots` -->"
END = "<!-- end of keys -->"


def table(actions: Iterable[Action] = ACTIONS) -> str:
    """Return every key as a table in Markdown, in the order of the help; a place is named where it begins."""
    rows = ["| where | key | does | name |", "|---|---|---|---|"]
    before: Scope | None = None
    for action in actions:
        where = action.scope.value if action.scope is not before else ""
        before = action.scope
        keys = " ".join(f"`{spoken(key)}`" for key in action.keys)
        rows.append(f"| {where} | {keys} | {action.help.replace('|', chr(92) + '|')} | `{action.name}` |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """Return a page with the table as it should be between the marks; ValueError where a mark is missing."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
