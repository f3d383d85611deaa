"""What comes back from a plugin's process: its answer told in the run's output, and its stderr up to a bound."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from cronsole.executors.notes import Notes
from cronsole.plugins.base import PluginFault
from cronsole.plugins.protocol2 import MOST_STDERR, Answer, Broken, decode, lines_of

_SHOWN_STDOUT: Final = 2_000
_SHORTEST_SECRET: Final = 6
_HIDDEN: Final = "•••"


class Veil:
    """Hides the secrets that a process was handed in what it says, should it repeat them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # What is shorter is no secret, and may stand in any text.
        self._secrets = sorted(
            (each for each in secrets if len(each) >= _SHORTEST_SECRET), key=len, reverse=True
        )

    def over(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def over_bytes(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret.encode(errors="surrogateescape"), _HIDDEN.encode())
        return data


class StderrNotes:
    """Takes what a process writes to stderr into the run's output, as it comes, up to what is kept."""

    def __init__(self, notes: Notes | None, veil: Veil) -> None:
        self._notes = notes
        self._veil = veil
        self._left = MOST_STDERR
        self._left_out = 0
        self._is_amid_line = False

    def add(self, data: bytes) -> None:
        kept = data[: self._left]
        self._left -= len(kept)
        self._left_out += len(data) - len(kept)
        if self._notes is not None and kept:
            self._notes.add_bytes(self._veil.over_bytes(kept))
            self._is_amid_line = not kept.endswith(b"\n")

    def end(self) -> None:
        if self._notes is None:
            return
        if self._is_amid_line:
            self._notes.add("\n")
        if self._left_out:
            self._notes.add(f"… {self._left_out:,} more bytes on stderr were not kept …\n")


def answer_in(stdout: bytes) -> Answer | Broken:
    try:
        return decode(stdout)
    except Broken as fault:
        return fault


def tell(notes: Notes, answer: Answer | Broken, stdout: bytes, veil: Veil) -> None:
    if isinstance(answer, Broken):
        if stdout.strip():
            shown = stdout[:_SHOWN_STDOUT].decode(errors="replace")
            notes.add(f"stdout was: {veil.over(shown)}\n")
        return
    notes.add(veil.over("".join(f"{line}\n" for line in lines_of(answer))))


def table_in(text: str) -> dict[str, Any]:
    """Return the table that a plugin's config is."""
    try:
        found = value_in(text)
    except Broken as fault:
        raise PluginFault("its config is not JSON") from fault
    if found is not None and not isinstance(found, dict):
        raise PluginFault("its config is no table")
    return found or {}


def secrets_in(config: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the texts under `secrets`, which travel by themselves: a plugin that logs its config shows none."""
    found = config.get("secrets")
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def value_in(text: str) -> Any:
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise Broken("its payload is not JSON") from fault
