"""The tables of docs/configuration.md, made from the keys themselves: `python -m cronsole.config.key_tables FILE`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cronsole.config.api_keys import API
from cronsole.config.available import UNAVAILABLE
from cronsole.config.channels import KINDS
from cronsole.config.engine_keys import ENGINE
from cronsole.config.keys import Keys
from cronsole.config.plugin_keys import PLUGIN
from cronsole.config.task_keys import GROUPS
from cronsole.dialects.ductile import OF_PROCESSES

_BLOCK: Final = re.compile(
    r"(?P<open><!-- keys: (?P<name>[a-z]+) -->\n).*?(?P<close><!-- end -->)", re.DOTALL
)


def with_tables(text: str) -> str:
    """Return a page with the tables between its marks made anew."""
    return _BLOCK.sub(lambda found: f"{found['open']}\n{_table_of(found['name'])}\n{found['close']}", text)


def _table_of(name: str) -> str:
    match name:
        case "engine":
            return "\n".join(_rows(ENGINE))
        case "plugins":
            return "\n".join(_rows({**PLUGIN, **OF_PROCESSES}))
        case "api":
            return "\n".join(_rows(API))
        case "tasks":
            return "\n\n".join(f"### {group}\n\n" + "\n".join(_rows(keys)) for group, keys in GROUPS.items())
        case "channels":
            return "\n\n".join(_channel(kind, KINDS[kind].keys) for kind in KINDS)
        case "unavailable":
            return "\n".join(f"- `{feature}`: {words}" for feature, words in UNAVAILABLE.items())
        case _:
            raise ValueError(f"no keys are called {name!r}")


def _channel(kind: str, keys: Keys) -> str:
    title = f'### `type = "{kind}"`'
    return f"{title}\n\n" + ("\n".join(_rows(keys)) if keys else "It has no other keys.")


def _rows(keys: Keys) -> Iterator[str]:
    yield "| key | accepts | default | meaning |"
    yield "|---|---|---|---|"
    yield from _lines(keys, "")


def _lines(keys: Keys, prefix: str) -> Iterator[str]:
    for key in keys.values():
        name = f"{prefix}{key.name}"
        yield f"| `{name}` | {key.accepts} | {key.default} | {key.help} |"
        yield from _lines(key.keys, f"{name}.")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
