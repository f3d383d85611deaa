"""What a plugin's run is handed: what its maker said when the schedule was made, or who triggered it when they did."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cronsole.config.secrets import escaped
from cronsole.model.action import PluginCall
from cronsole.model.instant import Instant, to_rfc3339
from cronsole.model.run import Cause, Run
from cronsole.model.schedule import Schedule, SourceKind
from cronsole.runtime.lane import Lane

_PAYLOAD: Final = "payload"
_BYTES: Final = "payload_base64"
_METADATA: Final = "metadata"
_FORMS: Final = ({_PAYLOAD, _METADATA}, {_BYTES, _METADATA})
_SINCE: Final = "since"
_LAST_RUN: Final = "last_run"


class Kept(msgspec.Struct, frozen=True):
    """What a plugin said of a schedule that it made; bytes that are no text are surrogates in `payload`."""

    payload: str
    metadata: Mapping[str, str]


def pack(kept: Kept) -> str:
    """Return the `config` of a schedule that keeps it; a reference in it stays the text that it is."""
    data = kept.payload.encode(errors="surrogateescape")
    try:
        content = {_PAYLOAD: escaped(data.decode())}
    except UnicodeDecodeError:
        content = {_BYTES: base64.b64encode(data).decode()}
    metadata = {name: escaped(value) for name, value in kept.metadata.items()}
    return msgspec.json.encode({**content, _METADATA: metadata}).decode()


def unpack(config: str) -> Kept | None:
    """Return what `pack` has kept, references replaced; None for a `config` that is somebody else's words."""
    try:
        tree = msgspec.json.decode(config or "{}")
    except msgspec.DecodeError:
        return None
    if not isinstance(tree, dict) or set(tree) not in _FORMS:
        return None
    metadata, payload = tree[_METADATA], tree.get(_PAYLOAD)
    if payload is None:
        try:
            payload = base64.b64decode(tree[_BYTES], validate=True).decode(errors="surrogateescape")
        except (TypeError, ValueError, binascii.Error):
            return None
    if not isinstance(payload, str) or not isinstance(metadata, dict):
        return None
    return Kept(payload, metadata)


def handed_over(config: str, lane: Lane, run: Run) -> tuple[str, str]:
    """Return config and payload of a run that calls a plugin; `config` comes with its references replaced."""
    kept = unpack(config)
    payload = asked_payload(run)
    if kept is not None:
        config, payload = "", payload or kept.payload
    last = lane.last_run
    last_at = None if last is None else last.due_at if last.started_at is None else last.started_at
    return config, since_last_run(payload, last_at)


def scheduled_payload(schedule: Schedule) -> str:
    """Return what the history tells that a slot's run was handed: an entry's own words, their references unreplaced."""
    is_entry = schedule.origin.kind is SourceKind.PLUGIN and isinstance(schedule.action, PluginCall)
    return schedule.config if is_entry else ""


def asked_payload(run: Run) -> str:
    """Return what whoever asked for a run gave it; that of a slot's run is its schedule's, and told for the record."""
    return "" if run.cause in (Cause.SLOT, Cause.CATCHUP) else run.payload


def since_last_run(payload: str, last_at: Instant | None) -> str:
    """Return the payload with the last run's time in the place of its name, or without it at the first run."""
    if f'"{_LAST_RUN}"' not in payload or f'"{_SINCE}"' not in payload:
        return payload
    try:
        tree: Any = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    if not isinstance(tree, dict) or tree.get(_SINCE) != _LAST_RUN:
        return payload
    if last_at is None:
        del tree[_SINCE]
    else:
        tree[_SINCE] = to_rfc3339(last_at)
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
