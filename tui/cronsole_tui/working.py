"""Work beside the screen, as Textual's workers."""

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode


def start(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], name: str, *, in_place: bool = True
) -> None:
    """Start work of a node, in place of work of the same name or beside it; it is cancelled with the node.

    The work is handed over as a function: a coroutine that is cancelled before its first turn was made for nothing,
    and Python says so.
    """
    node.run_worker(work, name=name, group=name, exclusive=in_place)  # type: ignore[arg-type] # Textual names one of three kinds
