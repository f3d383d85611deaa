"""`cronsole token`: who may come in over TCP; it works on the token file, with or without an engine."""

import os
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer

from cronsole.api import tokens
from cronsole.api.access import ROLES, Permission, all_roles, permissions_of
from cronsole.cli import render
from cronsole.cli.config_path import find_config
from cronsole.clock import Clock, SystemClock
from cronsole.config.load import load
from cronsole.errors import ConfigError
from cronsole.model.instant import Instant, from_datetime, to_datetime, to_iso
from cronsole.model.settings import Settings
from cronsole.store.state_dir import default_state_dir
from cronsole.text import pad, safe
from cronsole.triggers.duration import parse_duration

_LONGEST_NAME = 64
_FILE_NAME = "tokens.json"


class Verb(StrEnum):
    CREATE = "create"
    LIST = "list"
    REVOKE = "revoke"


def command(
    verb: Annotated[Verb, typer.Argument(help="create, list or revoke.")],
    name: Annotated[
        str | None, typer.Argument(help="What the token is called, as the audit trail names it.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", help=f"What it may do: {', '.join(ROLES)}, or a role of [api] roles."),
    ] = None,
    permissions: Annotated[
        list[Permission] | None,
        typer.Option("--permission", help="One thing that it may do; may be repeated."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="DURATION", help="For how long it holds, such as 90d.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="The configuration; ./cronsole.toml if there is one.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="The state directory.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Create, list or revoke a token for the API over TCP.

    A token is shown once, when it is created; the file keeps its hash. A running engine heeds a change at once.
    """
    clock = SystemClock()
    settings = _settings(config, clock)
    path = _token_file(settings, state)
    options = role is not None or permissions or expires is not None
    if verb is not Verb.CREATE and options:
        _misuse(f"--role, --permission and --expires go with `cronsole token create`, not with {verb}")
    if verb is Verb.LIST:
        if name is not None:
            _misuse("`cronsole token list` takes no name")
        _list(path, clock.now(), as_json)
    elif name is None:
        _misuse(f"say which: `cronsole token {verb} NAME`")
    elif verb is Verb.REVOKE:
        _revoke(path, name, as_json)
    else:
        held = tuple(permission.value for permission in permissions or ())
        allowed = (_role(settings, role, held), held)
        _create(path, _checked(name), allowed, clock.now(), expires, as_json)


def _create(
    path: Path,
    name: str,
    allowed: tuple[str, tuple[str, ...]],
    now: Instant,
    expires: str | None,
    as_json: bool,
) -> None:
    role, permissions = allowed
    at = to_datetime(now)
    expires_at = None if expires is None else at + timedelta(milliseconds=parse_duration(expires))
    if expires_at is not None and expires_at <= at:
        _misuse(f"--expires {expires} is no time at all")
    secret = tokens.create(path, name, role=role, permissions=permissions, now=at, expires_at=expires_at)
    if as_json:
        render.json_line({"name": name, "token": secret, "file": str(path), "expires_at": expires_at})
        return
    render.out(secret)
    until = f", until {to_iso(from_datetime(expires_at))}" if expires_at else ""
    may = ", ".join(filter(None, (f"role {role}" if role else "", *permissions)))
    render.err(f"token {name} ({may}{until}) is kept in {path}; it is shown this once", render.Style.FAINT)


def _list(path: Path, now: Instant, as_json: bool) -> None:
    found = tokens.read_tokens(path) if path.exists() else ()
    if as_json:
        for token in found:
            fields = msgspec.to_builtins(token)
            del fields["hash"]
            render.json_line({**fields, "has_expired": token.has_expired(now)})
        return
    if not found:
        render.err(f"there are no tokens in {path}")
        return
    width = max(4, *(len(token.name) for token in found))
    render.out(f"{pad('NAME', width)}  {pad('MAY', 24)}  {pad('CREATED', 20)}  EXPIRES", render.Style.STRONG)
    for token in found:
        may = ",".join(filter(None, (token.role, *token.permissions)))
        created = to_iso(from_datetime(token.created_at))
        expires = "never" if token.expires_at is None else to_iso(from_datetime(token.expires_at))
        ended = " (expired)" if token.has_expired(now) else ""
        line = f"{pad(token.name, width)}  {pad(may, 24)}  {pad(created[:17] + 'Z', 20)}  {expires}{ended}"
        render.out(safe(line), render.Style.FAINT if ended else None)


def _revoke(path: Path, name: str, as_json: bool) -> None:
    tokens.revoke(path, name)
    if as_json:
        render.json_line({"name": name, "revoked": True, "file": str(path)})
    else:
        render.out(f"token {safe(name)} is revoked", render.Style.GOOD)


def _role(settings: Settings, role: str | None, permissions: tuple[str, ...]) -> str:
    """Return the role to give: the one named, or `viewer` where nothing is said at all."""
    if role is None:
        return "" if permissions else "viewer"
    permissions_of(role, all_roles(settings.api.roles))
    return role


def _checked(name: str) -> str:
    if not name.isprintable() or not name.strip() or len(name) > _LONGEST_NAME:
        _misuse(f"a token's name has 1 to {_LONGEST_NAME} printable characters")
    return name


def _settings(config: Path | None, clock: Clock) -> Settings:
    """Return the settings of the configuration, or those by default where there is none."""
    try:
        path = find_config(config)
    except ConfigError:
        if config is not None:
            raise
        return Settings()
    return load(path, environ=os.environ, now=clock.now()).settings


def _token_file(settings: Settings, state: Path | None) -> Path:
    if settings.api.token_file is not None and state is None:
        return Path(settings.api.token_file)
    folder = state or (Path(settings.state_dir) if settings.state_dir else None)
    return (folder or default_state_dir(os.environ, os.geteuid())) / _FILE_NAME


def _misuse(sentence: str) -> NoReturn:
    render.err(f"cronsole: {sentence}", render.Style.BAD)
    raise SystemExit(2)
