"""Protocol 2: one JSON document to a plugin's process, one back; what an answer means, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from cronsole.executors.verdict import CONFIGURATION, Judgement, exit_sentence
from cronsole.model.instant import SECOND, Instant, Millis, to_datetime
from cronsole.model.run import RunState
from cronsole.text import ELLIPSIS, safe

PROTOCOL: Final = 2
MOST_STDOUT: Final = 10 * 1024 * 1024
MOST_STDERR: Final = 64 * 1024
MOST_STATE: Final = 1024 * 1024
TIMEOUTS_MS: Final[Mapping[str, Millis]] = {
    "poll": 60 * SECOND,
    "handle": 120 * SECOND,
    "health": 10 * SECOND,
    "init": 30 * SECOND,
}
TIMEOUT_MS: Final[Millis] = 60 * SECOND
"""Of a command that neither the configuration nor the protocol has a timeout for."""

_LONGEST_TOLD: Final = 300
_MOST_LINES: Final = 10_000
_NO_PAYLOAD: Final = msgspec.Raw(b"{}")
_NOTHING: Final = msgspec.Raw(b"null")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What one call is told. `config`, `payload` and `event` are values that JSON can hold."""

    job_id: str
    command: str
    deadline_at: Instant
    config: Mapping[str, Any]
    state: Mapping[str, Any]
    context: Mapping[str, Any]
    payload: Any = None
    event: Mapping[str, Any] | None = None
    secrets: Mapping[str, str] = {}


class Emitted(msgspec.Struct, frozen=True, gc=False):
    """An event that a plugin told of; its payload is told as it was written, and never taken apart."""

    type: str
    payload: msgspec.Raw = _NO_PAYLOAD
    dedupe_key: str | None = None


class Line(msgspec.Struct, frozen=True, gc=False):
    message: str
    level: str = "info"


class Answer(msgspec.Struct, frozen=True):
    """A valid answer. `may_retry` is what the plugin said, None where it said nothing."""

    is_ok: bool
    text: str
    may_retry: bool | None = None
    events: tuple[Emitted, ...] = ()
    state_updates: Mapping[str, Any] = {}
    logs: tuple[Line, ...] = ()


class Broken(Exception):
    """Output that is no answer; the sentence says why."""


class _Wire(msgspec.Struct):
    """An answer as it is written; keys that nobody knows are let be, and null is as good as left out."""

    status: Literal["ok", "error"]
    result: str | None = None
    error: str | None = None
    retry: bool | None = None
    events: list[Emitted] | None = None
    state_updates: msgspec.Raw = _NOTHING
    logs: list[Line] | None = None


_DECODER: Final = msgspec.json.Decoder(_Wire)
_TABLE: Final = msgspec.json.Decoder(dict[str, Any] | None)


def timeout_of(command: str, given: Mapping[str, Millis]) -> Millis:
    """Return how long a command may take, as configured, else as the protocol has it; "" stands for all others."""
    return given.get(command) or TIMEOUTS_MS.get(command) or given.get("") or TIMEOUT_MS


def encode(request: Request) -> bytes:
    """Return the document that goes to the process, one line."""
    document: dict[str, Any] = {
        "protocol": PROTOCOL,
        "job_id": request.job_id,
        "command": request.command,
        "config": request.config,
        "state": request.state,
        "context": request.context,
        "deadline_at": _rfc3339(request.deadline_at),
    }
    if request.payload is not None:
        document["payload"] = request.payload
    if request.event is not None:
        document["event"] = request.event
    if request.secrets:
        document["secrets"] = request.secrets
    return msgspec.json.encode(document) + b"\n"


def decode(stdout: bytes) -> Answer:
    """Return the answer that stdout holds; Broken says why it holds none."""
    if len(stdout) > MOST_STDOUT:
        raise Broken(f"its output is longer than {MOST_STDOUT // 1024**2} MiB")
    if not stdout.strip():
        raise Broken("it wrote nothing to stdout, where its answer belongs")
    try:
        return _answer(_DECODER.decode(stdout))
    except msgspec.ValidationError as fault:
        raise Broken(f"its answer is not one of protocol {PROTOCOL}: {_told(str(fault))}") from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Broken(f"its output is not JSON: {_told(str(fault))}") from fault
    except RecursionError as fault:
        raise Broken("its answer is nested too deeply") from fault


def _answer(wire: _Wire) -> Answer:
    is_ok = wire.status == "ok"
    key, text = ("result", wire.result) if is_ok else ("error", wire.error)
    if text is None or not text.strip():
        raise Broken(f"its answer says status {wire.status!r} and has no {key}")
    for index, event in enumerate(wire.events or ()):
        if not bytes(event.payload).startswith(b"{"):
            raise Broken(
                f"its answer is not one of protocol {PROTOCOL}: events[{index}].payload is no object"
            )
    return Answer(
        is_ok=is_ok,
        text=text,
        may_retry=wire.retry,
        events=tuple(wire.events or ()),
        state_updates=_updates(wire.state_updates),
        logs=tuple(wire.logs or ()),
    )


def _updates(raw: msgspec.Raw) -> Mapping[str, Any]:
    """Return the state updates; those that cannot be kept anyway are not taken apart, which may take long."""
    size = len(bytes(raw))
    if size > MOST_STATE:
        raise Broken(f"its state would take {size:,} bytes; {MOST_STATE:,} are kept")
    try:
        return _TABLE.decode(raw) or {}
    except msgspec.ValidationError as fault:
        raise Broken(
            f"its answer is not one of protocol {PROTOCOL}: state_updates: {_told(str(fault))}"
        ) from fault


def judge(answer: Answer | Broken, exit_code: int) -> Judgement:
    """Return the verdict on a call whose process has ended.

    A valid `ok` counts whatever the exit code; exit code 78 and `retry: false` are final; all else may be retried.
    """
    is_final = exit_code == CONFIGURATION
    if isinstance(answer, Broken):
        how = f"; {exit_sentence(exit_code)}" if exit_code else ""
        return Judgement(RunState.FAILED, f"{answer}{how}", is_final)
    if answer.is_ok:
        return Judgement(RunState.SUCCEEDED, _told(answer.text))
    return Judgement(RunState.FAILED, _told(answer.text), is_final or answer.may_retry is False)


def merged(state: Mapping[str, Any], updates: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state with updates merged shallowly; Broken where it grows beyond what is kept."""
    found = {**state, **updates}
    size = len(msgspec.json.encode(found))
    if size > MOST_STATE:
        raise Broken(f"its state would take {size:,} bytes; {MOST_STATE:,} are kept")
    return found


def lines_of(answer: Answer) -> list[str]:
    """Return what a call says of itself, as lines of the run's output: logs, events, and the result in full."""
    lines = [f"{_told(line.level, 20)}: {line.message}" for line in answer.logs[:_MOST_LINES]]
    for event in answer.events[: _MOST_LINES - len(lines)]:
        payload = msgspec.json.format(bytes(event.payload), indent=-1).decode(errors="replace")
        lines.append(f"event {_told(event.type, 100)} {'' if payload == '{}' else payload}".rstrip())
    left_out = len(answer.logs) + len(answer.events) - len(lines)
    if left_out:
        lines.append(f"… {left_out:,} more logs and events were not kept …")
    lines.append(answer.text if answer.is_ok else f"error: {answer.text}")
    return lines


def _rfc3339(at: Instant) -> str:
    """Return an instant with its seconds, without which many a reader of times does not take it."""
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(text: str, limit: int = _LONGEST_TOLD) -> str:
    """Return the first line of a text as it is told in one sentence."""
    line = next(iter(text.strip().splitlines()), "")
    return safe(line if len(line) <= limit else line[: limit - 1] + ELLIPSIS)
