"""Judge how an attempt ended: exit status, duration and output against what is expected; in one sentence."""

import re
import signal
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from cronsole.model.instant import Millis
from cronsole.model.policy import Expect
from cronsole.model.run import RunState

CONFIGURATION = 78
_GUESSES: dict[int, str] = {
    signal.SIGKILL: " (out of memory?)",
    signal.SIGXCPU: " (the limit of CPU time)",
    signal.SIGXFSZ: " (the limit of file size)",
}


class Judgement(msgspec.Struct, frozen=True):
    state: RunState
    detail: str = ""
    is_final: bool = False


SUCCESS = Judgement(RunState.SUCCEEDED)


def judge_exit(exit_code: int, duration_ms: Millis | None, expect: Expect) -> Judgement:
    """Judge by exit status (negative: the signal that killed it) and duration, where it is known."""
    if exit_code not in expect.exit_codes:
        return Judgement(RunState.FAILED, exit_sentence(exit_code), exit_code == CONFIGURATION)
    return SUCCESS if duration_ms is None else judge_duration(duration_ms, expect)


def judge_duration(duration_ms: Millis, expect: Expect) -> Judgement:
    if expect.min_duration_ms is not None and duration_ms < expect.min_duration_ms:
        return _failed(f"took {span(duration_ms)}, expected at least {span(expect.min_duration_ms)}")
    if expect.max_duration_ms is not None and duration_ms > expect.max_duration_ms:
        return _failed(f"took {span(duration_ms)}, expected at most {span(expect.max_duration_ms)}")
    return SUCCESS


def judge_output(pieces: Iterable[str], expect: Expect) -> Judgement:
    """Judge by patterns, searched in each piece; a match lies within one piece, `^` and `$` match at lines."""
    try:
        wanted = {text: _pattern(text) for text in expect.output_has}
        banned = {text: _pattern(text) for text in expect.output_lacks}
    except re.error as fault:
        return Judgement(RunState.FAILED, f"{fault.pattern!r} is no pattern: {fault.msg}", is_final=True)
    for piece in pieces:
        for text, pattern in banned.items():
            if pattern.search(piece):
                return _failed(f"the output has {text!r}")
        wanted = {text: pattern for text, pattern in wanted.items() if not pattern.search(piece)}
        if not wanted and not banned:
            break
    if wanted:
        return _failed(f"the output lacks {next(iter(wanted))!r}")
    return SUCCESS


def exit_sentence(exit_code: int) -> str:
    if exit_code < 0:
        return f"killed by {_signal_name(-exit_code)}{_GUESSES.get(-exit_code, '')}"
    if exit_code == CONFIGURATION:
        return "exit code 78: a fault of configuration, which no retry cures"
    if exit_code == 126:
        return "exit code 126: a command could not be executed"
    if exit_code == 127:
        return "exit code 127: a command was not found"
    # A shell tells so that its last command was killed.
    if 128 < exit_code <= 128 + signal.SIGRTMIN - 1:
        name = _signal_name(exit_code - 128)
        return f"exit code {exit_code}: its command was killed by {name}{_GUESSES.get(exit_code - 128, '')}"
    return f"exit code {exit_code}"


def span(millis: Millis) -> str:
    """Return a duration in seconds, to the digit that matters: `0.02s`, `5s`, `61.5s`."""
    seconds = millis / 1000
    digits = 0 if seconds >= 100 else 1 if seconds >= 0.1 else 3
    text = f"{seconds:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "s"


def _failed(detail: str) -> Judgement:
    return Judgement(RunState.FAILED, detail)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.MULTILINE)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
