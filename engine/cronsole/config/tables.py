"""The tables that make a schedule's policy: retry, circuit breaker, what counts as success, limits, who is told."""

from typing import Final

import msgspec

from cronsole.config import values
from cronsole.config.keys import Key, Scope, struct_of, table_of
from cronsole.config.problems import Fault, wrong_kind
from cronsole.errors import nearest
from cronsole.model.policy import CircuitBreaker, Expect, Limits, Notify, Retry

_MOST_RETRIES: Final = 1000

RETRY: Final = table_of(
    Key(
        "attempts", "a count", values.count(0, _MOST_RETRIES), "Retries after the first attempt.", default="0"
    ),
    Key("delay", "a duration", values.duration, "Wait before the first retry.", "delay_ms", "10s"),
    Key("backoff", "1 to 100", values.factor, "Each wait is this many times the one before.", default="2"),
    Key("max_delay", "a duration", values.duration, "No wait is longer.", "max_delay_ms", "1h"),
    Key("jitter", "a duration", values.duration, "Up to this much is added to each wait.", "jitter_ms", "0s"),
)

CIRCUIT_BREAKER: Final = table_of(
    Key("threshold", "a count", values.count(1), "Failures in a row that open the circuit.", default="3"),
    Key("reset_after", "a duration", values.span, "Then one run is let through.", "reset_after_ms", "30m"),
)

EXPECT: Final = table_of(
    Key(
        "exit_codes",
        "a number or a list",
        values.set_of(values.count(0, 255), "exit codes"),
        "Exit codes that mean success.",
        default="0",
    ),
    Key(
        "output_has",
        "a pattern or a list",
        values.items_of(values.pattern, "patterns"),
        "Regular expressions that the output must match.",
    ),
    Key(
        "output_lacks",
        "a pattern or a list",
        values.items_of(values.pattern, "patterns"),
        "Regular expressions that the output must not match.",
    ),
    Key(
        "min_duration",
        "a duration",
        values.span,
        "A run that ends sooner has failed: it was too fast to be true.",
        "min_duration_ms",
    ),
    Key("max_duration", "a duration", values.span, "A run that took longer has failed.", "max_duration_ms"),
)

LIMITS: Final = table_of(
    Key("memory", "a size", values.size, "Address space of each process.", "memory_bytes"),
    Key("cpu", "a duration", values.seconds, "CPU time, in whole seconds.", "cpu_seconds"),
    Key("nice", "-20 to 19", values.count(-20, 19), "Scheduling priority; 19 gives way to all others."),
    Key(
        "output",
        "a size",
        values.size,
        "Output that is kept of each run, from its beginning and its end.",
        "output_bytes",
        "10MB",
    ),
)


def _read_channel(value: object, scope: Scope) -> str:
    """Read the name of a channel that the configuration defines."""
    name = values.word(value, scope)
    if name in scope.channels:
        return name
    if not scope.channels:
        raise Fault("no channel is defined; a table [notify.NAME] in the main file makes one")
    meant = nearest(name[:60], scope.channels)
    hint = f'did you mean "{meant}"?' if meant else f"known are {', '.join(sorted(scope.channels))}"
    raise Fault(f"no channel is called so; {hint}")


_read_channels = values.items_of(_read_channel, "the name of a channel or a list of them")

NOTIFY: Final = table_of(
    *(
        Key(f"on_{outcome}", "a channel or a list", _read_channels, f"Channels that are told of {told}.")
        for outcome, told in {
            "failure": "a failure",
            "success": "a success",
            "skip": "a skipped slot",
            "missed": "missed slots",
            "recovery": "the first success after a failure",
        }.items()
    )
)

_read_retry_table = struct_of(Retry, RETRY)
_read_expect = struct_of(Expect, EXPECT)

read_circuit_breaker: Final = struct_of(CircuitBreaker, CIRCUIT_BREAKER)
read_limits: Final = struct_of(Limits, LIMITS)
_read_notify_table = struct_of(Notify, NOTIFY)


def read_retry(value: object, scope: Scope) -> Retry:
    """Read a number of retries, or the table of how they go."""
    if isinstance(value, dict):
        retry: Retry = _read_retry_table(value, scope)
        if retry.max_delay_ms >= retry.delay_ms:
            return retry
        if "max_delay" in value:
            raise Fault("has a max_delay shorter than its delay")
        return msgspec.structs.replace(retry, max_delay_ms=retry.delay_ms)
    if isinstance(value, int):
        return Retry(attempts=RETRY["attempts"].read(value, scope))
    raise wrong_kind(value, "a number of retries, or a table {attempts, delay, backoff, max_delay, jitter}")


def read_notify(value: object, scope: Scope) -> Notify:
    """Read the table of who is told of what, or only the channels that are told of what needs attention."""
    if isinstance(value, dict):
        notify: Notify = _read_notify_table(value, scope)
        return notify
    if not isinstance(value, str | list):
        raise wrong_kind(value, "a channel, a list of them, or a table {on_failure, on_success, …}")
    channels = _read_channels(value, scope)
    return Notify(on_failure=channels, on_missed=channels, on_recovery=channels)


def read_expect(value: object, scope: Scope) -> Expect:
    expect: Expect = _read_expect(value, scope)
    least, most = expect.min_duration_ms, expect.max_duration_ms
    if not expect.exit_codes:
        raise Fault("has no exit code that means success")
    if least is not None and most is not None and least > most:
        raise Fault("has a min_duration longer than its max_duration, so that no run succeeds")
    return expect
