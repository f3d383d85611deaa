"""What code that is not ours raises: told without trusting it, and kept from ending more than its own call."""

from typing import Final

from cronsole.text import ELLIPSIS, safe

_LONGEST: Final = 1_000


class Escaped(RuntimeError):
    """Stands for a fault that would end a task, a loop or the process: SystemExit, a cancellation by nobody."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__(told(fault))
        self.fault = fault


def contained(fault: BaseException) -> Exception:
    """Return the fault as one that may be raised where its call is awaited."""
    # A future refuses StopIteration.
    if isinstance(fault, Exception) and not isinstance(fault, StopIteration):
        return fault
    return Escaped(fault)


def told(fault: BaseException) -> str:
    """Return the class of a fault and what it says of itself, which is somebody else's code too."""
    if isinstance(fault, Escaped):
        return str(fault)
    text = said(fault)
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__


def said(fault: BaseException) -> str:
    """Return the text of a fault, cut where it is endless."""
    try:
        text = str(fault)
    except (Exception, SystemExit, KeyboardInterrupt):  # noqa: BLE001 - its class is still known
        return "its text cannot be told"
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + ELLIPSIS
    return safe(text, keeps_breaks=True)
