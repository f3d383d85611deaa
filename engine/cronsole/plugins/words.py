"""What is said to a remote plugin and what it says, as the dialect that it speaks puts it; the carrier moves bytes."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

import msgspec

from cronsole.model.instant import Millis
from cronsole.plugins.base import Declared, Health, RuntimeSchedules

# One method of a service: the request's bytes to the answer's.
Method: TypeAlias = Callable[[bytes], Awaitable[bytes]]


class Executed(msgspec.Struct, frozen=True):
    """What a plugin made of a job; `output` is what it logged, how far it came and what resulted, in lines."""

    is_success: bool
    error: str = ""
    output: str = ""


class Words(Protocol):
    """One dialect. CronsoleError from any reading method says that an answer is none of it."""

    # The names of the methods by which a plugin is asked.
    initialize: str
    execute: str
    metadata: str
    health: str
    shutdown: str

    def nothing(self) -> bytes:
        """Return the request of a method that needs none."""
        ...

    def introduction(self, *, token: str, endpoint: str, config: str) -> bytes:
        """Return what a plugin is told when it is loaded; `config` is the JSON text of its table."""
        ...

    def read_declared(self, plugin: str, answer: bytes) -> Declared: ...

    def read_version(self, answer: bytes) -> str: ...

    def read_health(self, answer: bytes) -> Health: ...

    def order(self, run_id: str, verb: str, payload: str, timeout_ms: Millis | None) -> bytes:
        """Return what a plugin is told to carry out."""
        ...

    def read_executed(self, answer: bytes) -> Executed: ...

    def schedule_service(self, plugin: str, token: str, schedules: RuntimeSchedules) -> Mapping[str, Method]:
        """Return the methods, by name, with which a plugin that knows the token sees to schedules of its own."""
        ...
