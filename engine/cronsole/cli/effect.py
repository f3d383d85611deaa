"""Pause and resume alike: which schedules are meant, what it would do, the question, and what was done."""

import shlex
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from cronsole.cli import asking, render
from cronsole.cli.connection import misuse, speak
from cronsole.model.ask import Selection
from cronsole.model.prospect import EffectView
from cronsole.text import plural, safe

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_NAMED: Final = 8

TagOption: TypeAlias = Annotated[
    list[str] | None, typer.Option("--tag", metavar="TAG", help="Every schedule with the tag.")
]
PluginOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--plugin", metavar="NAME", help="Every schedule that the plugin declares."),
]
AllOption: TypeAlias = Annotated[bool, typer.Option("--all", help="Every schedule.")]
YesOption: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
DryRunOption: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")
]


def selection_of(
    ids: Sequence[str] | None, tags: Sequence[str] | None, plugins: Sequence[str] | None, everything: bool
) -> Selection:
    """Return the schedules that are meant; ids and groups are not mixed, for the choice narrows with each kind."""
    kinds = [bool(ids), bool(tags), bool(plugins), everything]
    if not any(kinds):
        misuse("which schedules? name their ids, --tag, --plugin or --all; `cronsole list` shows them")
    if sum(kinds) > 1:
        misuse("ids, --tag, --plugin and --all are different choices: give one kind of them")
    return Selection(
        ids=tuple(ids or ()), tags=tuple(tags or ()), plugins=tuple(plugins or ()), everything=everything
    )


class Deed:
    """One wide verb: its word for questions, and how the engine is asked for it."""

    def __init__(
        self, word: str, done: str, ask: Callable[["EngineClient", bool], Coroutine[Any, Any, EffectView]]
    ) -> None:
        self._word = word
        self._done = done
        self._ask = ask

    def carry_out(
        self,
        engine: str | None,
        token_file: Path | None,
        *,
        is_wide: bool,
        is_agreed: bool,
        is_dry: bool,
        as_json: bool,
    ) -> None:
        """Show what it would do and do it, where it is agreed to."""
        if is_dry:
            self._tell(self._speak(engine, token_file, preview=True), as_json)
            return
        if is_wide and not is_agreed:
            self._agree(self._speak(engine, token_file, preview=True))
        self._tell(self._speak(engine, token_file, preview=False), as_json)

    def _speak(self, engine: str | None, token_file: Path | None, *, preview: bool) -> EffectView:
        return speak(engine, token_file, lambda client: self._ask(client, preview))

    def _agree(self, effect: EffectView) -> None:
        """Go on where one schedule is meant or the person says yes; exit where nobody does."""
        if len(effect.schedule_ids) <= 1:
            return
        count = plural(len(effect.schedule_ids), "schedule")
        render.err(f"this would {self._word} {count}: {_names(effect.schedule_ids)}")
        for told in effect.told:
            render.err(f"  {safe(told)}", render.Style.WARN)
        if not asking.can_ask():
            again = shlex.join(["cronsole", *sys.argv[1:], "--yes"])
            misuse(f"to {self._word} {count} without being asked, say so: {again}")
        if not asking.ask(f"{self._word} {count}?"):
            render.err("nothing was changed")
            raise SystemExit(1)

    def _tell(self, effect: EffectView, as_json: bool) -> None:
        if as_json:
            render.json_line(effect)
            return
        if not effect.schedule_ids:
            render.err(f"there was nothing to {self._word}")
            return
        word = f"would {self._word}" if effect.is_preview else self._done
        render.out(f"{word} {_names(effect.schedule_ids)}", render.Style.STRONG)
        for told in effect.told:
            render.out(f"  {safe(told)}")


def _names(ids: Sequence[str]) -> str:
    named = ", ".join(map(safe, ids[:_NAMED]))
    return named if len(ids) <= _NAMED else f"{named} and {len(ids) - _NAMED:,} more"
