"""`cronsole schedule`: create, replace, change, edit and delete schedules while the engine runs."""

import asyncio
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from cronsole.cli import asking, render
from cronsole.cli.completion import complete_ids
from cronsole.cli.connection import (
    SAYS_NO,
    EngineOption,
    JsonOption,
    TokenFileOption,
    fail,
    misuse,
    reach,
    speak,
)
from cronsole.cli.definition_file import read_definition_file
from cronsole.cli.editor import Unfit, edited
from cronsole.cli.effect import YesOption
from cronsole.config.toml_entry import as_toml
from cronsole.errors import ConfigError, CronsoleError, NotOurs
from cronsole.model.schedule import SourceKind
from cronsole.model.view import ScheduleDetail
from cronsole.text import safe


class Deed(StrEnum):
    CREATE = "create"
    REPLACE = "replace"
    PATCH = "patch"
    EDIT = "edit"
    DELETE = "delete"


_TAKES_FILE: Final = frozenset({Deed.CREATE, Deed.REPLACE, Deed.PATCH})


def _complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Offer ids where an id is meant; elsewhere the shell offers files."""
    takes_file = str(context.params.get("deed", "")) in {deed.value for deed in _TAKES_FILE}
    return [] if takes_file else complete_ids(context, incomplete)


class Asked(msgspec.Struct, frozen=True):
    """What is to be done with what, and how the engine is reached."""

    deed: Deed
    word: str
    schedule_id: str | None
    unset: tuple[str, ...]
    is_agreed: bool
    as_json: bool
    engine: str | None
    token_file: Path | None

    def speak(self, talk: Callable[[Any], Any]) -> Any:
        return speak(self.engine, self.token_file, talk)


def command(
    deed: Annotated[Deed, typer.Argument(metavar="create|replace|patch|edit|delete", help="What to do.")],
    word: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-|ID",
            help="With edit and delete an id, else a definition.",
            autocompletion=_complete,
        ),
    ],
    schedule_id: Annotated[
        str | None, typer.Option("--id", help="The schedule, where the definition does not name it.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="KEY", help="With patch: a key to take away.")
    ] = None,
    is_agreed: YesOption = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create, replace, patch, edit or delete a schedule while the engine runs; it outlives a restart.

    A definition is what a [[tasks]] entry holds, as TOML or JSON. `patch` changes the keys that it names, `edit`
    opens the definition in $EDITOR. Schedules of a file are changed in their file. --json answers with a
    ScheduleDetail.
    """
    asked = Asked(deed, word, schedule_id, tuple(unset or ()), is_agreed, as_json, engine, token_file)
    if asked.unset and deed is not Deed.PATCH:
        misuse("--unset goes with patch")
    if schedule_id is not None and deed not in _TAKES_FILE:
        misuse(f"--id goes with a definition; {deed.value} takes the id itself")
    {Deed.EDIT: _edit, Deed.DELETE: _delete}.get(deed, _save)(asked)


def _save(asked: Asked) -> None:
    try:
        definition = read_definition_file(asked.word)
    except CronsoleError as error:
        fail(error)
    named = asked.schedule_id or definition.get("id") or definition.get("name")
    if asked.schedule_id is not None:
        definition = {key: value for key, value in definition.items() if key != "name"} | {"id": named}
    if not isinstance(named, str):
        misuse(f"{asked.word} names no id, and neither does --id")
    if asked.deed is Deed.CREATE:
        _tell(asked, "created", asked.speak(lambda client: client.save(definition)))
    elif asked.deed is Deed.REPLACE:
        _tell(asked, "replaced", asked.speak(lambda client: client.save(definition, schedule_id=named)))
    else:
        # A patch changes what it names; a schedule keeps its id.
        changes = {key: value for key, value in definition.items() if key not in ("id", "name")}
        changes |= dict.fromkeys(asked.unset)
        detail = asked.speak(lambda client: client.save(changes, schedule_id=named, patch=True))
        _tell(asked, "changed", detail)


def _edit(asked: Asked) -> None:
    detail: ScheduleDetail = asked.speak(lambda client: client.schedule(asked.word))
    if detail.schedule.source is not SourceKind.API:
        fail(NotOurs(f"{asked.word} comes from {detail.schedule.origin}, and is edited there"))
    if not asking.can_ask():
        misuse("edit opens an editor and needs a terminal; `cronsole schedule patch` does not")
    before = text = as_toml(detail.definition)
    etag = detail.schedule.etag
    while True:
        try:
            definition, text = edited(text)
            if text == before:
                render.err("nothing was changed")
                return
            saved = asyncio.run(_saved(asked, definition, etag))
        except Unfit as error:
            text = error.text
            _ask_again(error)
        except ConfigError as error:
            _ask_again(error)
        except CronsoleError as error:
            if text != before:
                _rescue(text)
            fail(error)
        else:
            _tell(asked, "changed", saved)
            return


async def _saved(asked: Asked, definition: dict[str, Any], etag: str) -> ScheduleDetail:
    """Save what was edited; its faults are raised, for there is an editor to mend them in."""
    async with reach(asked.engine, asked.token_file) as client:
        return await client.save(definition, schedule_id=asked.word, etag=etag)


def _rescue(text: str) -> None:
    """Keep what was edited and could not be saved, and say where."""
    with tempfile.NamedTemporaryFile("w", prefix="cronsole-", suffix=".toml", delete=False) as file:
        file.write(text)
    render.err(f"what you wrote is in {file.name}", render.Style.WARN)


def _ask_again(error: ConfigError) -> None:
    for problem in error.problems:
        render.err(safe(problem), render.Style.BAD)
    if not asking.ask("edit it again?", default=True):
        raise SystemExit(SAYS_NO)


def _delete(asked: Asked) -> None:
    detail: ScheduleDetail = asked.speak(lambda client: client.schedule(asked.word))
    if not asked.is_agreed:
        _agree(asked)
    asked.speak(lambda client: client.delete(asked.word, etag=detail.schedule.etag))
    if asked.as_json:
        render.json_line(detail)
    else:
        render.out(safe(f"deleted {asked.word}; its history stays"))


def _agree(asked: Asked) -> None:
    if not asking.can_ask():
        misuse(f"to delete {asked.word} without being asked, add --yes")
    if not asking.ask(f"delete {safe(asked.word)}?"):
        render.err("nothing was changed")
        raise SystemExit(SAYS_NO)


def _tell(asked: Asked, done: str, detail: ScheduleDetail) -> None:
    if asked.as_json:
        render.json_line(detail)
        return
    view = detail.schedule
    render.out(safe(f"{done} {view.id}: {view.when}"), render.Style.GOOD)
    if detail.fires:
        render.out(safe(f"  next {detail.fires[0].local}"))
