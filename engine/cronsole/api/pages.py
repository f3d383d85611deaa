"""The tables of docs/api.md, made from the routes and errors themselves: `python -m cronsole.api.pages FILE`."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from cronsole.api.contract import Contract, Route
from cronsole.api.problems import STATUS, TITLES, kind_of

_BLOCK: Final = re.compile(
    r"(?P<open><!-- (?P<name>routes|problems) -->\n).*?(?P<close><!-- end -->)", re.DOTALL
)
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def with_tables(text: str, routes: Iterable[Route]) -> str:
    """Return a page with the tables between its marks made anew."""
    tables = {"routes": "\n".join(_routes(routes)), "problems": "\n".join(_problems())}
    return _BLOCK.sub(lambda found: f"{found['open']}\n{tables[found['name']]}\n{found['close']}", text)


def _routes(routes: Iterable[Route]) -> Iterator[str]:
    yield "| method and path | permission | asks → answers | what it is |"
    yield "|---|---|---|---|"
    for route in sorted(routes, key=lambda each: (each.path.split("/"), _METHODS.index(each.method))):
        permission = "anyone" if route.contract.is_open else str(route.contract.permission)
        shown = f"`{route.method} {route.path}`"
        yield f"| {shown} | {permission} | {_traffic(route.contract)} | {route.contract.summary} |"


def _traffic(contract: Contract) -> str:
    if contract.told:
        return contract.told
    asked = contract.asks or contract.query
    asks = f"{_name(asked)} " if asked else ""
    query = "as query " if contract.query is not None else ""
    return f"{asks}{query}→ {_name(contract.answers)}".strip()


def _name(kind: Any) -> str:
    if kind is None:
        return "nothing"
    text = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    return re.sub(r"[\w.]+\.(?=\w)", "", text).replace(", ...]", "]")


def _problems() -> Iterator[str]:
    yield "| `urn:cronsole:problem:…` | status | when |"
    yield "|---|---|---|"
    own = [
        (kind_of(error).rpartition(":")[2], status, error.__doc__ or "") for error, status in STATUS.items()
    ]
    common = [
        ("not-found", 404, TITLES[404]),
        ("method-not-allowed", 405, TITLES[405]),
        ("too-large", 413, TITLES[413]),
        ("no-json", 415, TITLES[415]),
        ("internal", 500, "Something went wrong in the engine; its log says what."),
    ]
    for name, status, told in sorted([*own, *common], key=lambda row: (row[1], row[0])):
        yield f"| `{name}` | {status} | {told.partition(chr(10))[0].rstrip('.')} |"


if __name__ == "__main__":
    from cronsole.api.app import make_app
    from cronsole.api.stopping import Stopping

    class _Unasked:
        """A façade of which nothing is asked: routes are listed without an engine."""

        def listen(self, listener: object) -> None:
            del listener

    facade: Any = _Unasked()
    page = Path(sys.argv[1])
    made = make_app(facade, stopping=Stopping(), warn=print)
    page.write_text(with_tables(page.read_text(encoding="utf-8"), made.state["routes"]), encoding="utf-8")
