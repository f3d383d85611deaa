"""`cronsole audit`: who changed what."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from cronsole.cli import render
from cronsole.cli.connection import EngineOption, JsonOption, TokenFileOption, speak
from cronsole.model.ask import AuditQuery
from cronsole.model.view import AuditView

if TYPE_CHECKING:
    from cronsole.client.engine import EngineClient

_MOST_AT_ONCE = 500


def command(
    target: Annotated[
        str, typer.Argument(metavar="[TARGET]", help="Only changes of this schedule or run.")
    ] = "",
    actor: Annotated[str, typer.Option(help="Only changes by this actor, such as user:ops.")] = "",
    verb: Annotated[str, typer.Option(help="Only changes of this kind, such as pause.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Every change on record.")] = False,
    engine: EngineOption = None,
    token_file: TokenFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who changed what, the newest first; it takes an administrator to read it.

    --json answers with one page (`items`, each an AuditView); with --all, with one AuditView a line.
    """
    query = AuditQuery(actor=actor, verb=verb, target=target, limit=_MOST_AT_ONCE if everything else limit)
    if everything:
        speak(engine, token_file, lambda client: _show_all(client, query, as_json=as_json))
        return
    page = speak(engine, token_file, lambda client: client.audit(query))
    if as_json:
        render.json_line(page)
        return
    _show(page.items)
    if page.next is not None and render.is_on_terminal():
        render.out(f"the newest {len(page.items):,}; --all shows every one", render.Style.FAINT)


async def _show_all(client: "EngineClient", query: AuditQuery, *, as_json: bool) -> None:
    while True:
        page = await client.audit(query)
        if as_json:
            for change in page.items:
                render.json_line(change)
        else:
            _show(page.items)
        if page.next is None:
            return
        query = msgspec.structs.replace(query, before=page.next)


def _show(items: tuple[AuditView, ...]) -> None:
    from cronsole.cli.glyphs import FAINT, STRONG
    from cronsole.cli.tables import Column, Table, cell
    from cronsole.cli.times import Viewer

    if not items:
        render.err("no change matches")
        return
    viewer = Viewer.here()
    columns = (
        Column(f"WHEN ({viewer.zone_name})"),
        Column("WHO", rank=1, least=10),
        Column("VERB", rank=2),
        Column("WHAT", rank=3, least=12),
        Column("DETAIL", rank=4, least=12),
    )
    rows = [
        (
            cell(viewer.brief(change.at)),
            cell(change.actor),
            cell(change.verb, STRONG),
            cell(change.target),
            cell(change.detail, FAINT),
        )
        for change in items
    ]
    render.show(Table(columns, rows, ellipsis="…" if render.has_glyphs() else "~"))
