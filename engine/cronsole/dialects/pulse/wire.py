"""Protocol buffers as far as this dialect needs them: proto3 messages to bytes and back.

The format is small and frozen, and a dozen messages do not pay for a runtime that has to match the release of the
compiler. `tests/dialects/test_pulse_wire.py` holds every message against the code that protoc makes of the .proto.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol, Self, TypeAlias, TypeVar

import msgspec

from cronsole.errors import CronsoleError

T = TypeVar("T")

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH: Final = 2
_GROUP: Final = 3
_END_GROUP: Final = 4
_FIXED32: Final = 5
_DEEPEST: Final = 100
_POSITIVE_ZERO: Final = struct.pack("<d", 0.0)


class WireFault(CronsoleError):
    """Bytes that are no message of this kind."""


class Kind(Protocol):
    """How values of one type stand on the wire."""

    wire: int

    def encode(self, number: int, value: Any) -> bytes:
        """Return the field with its tag, or nothing where the value is the default."""
        ...

    def take(self, before: Any, given: Any) -> Any:
        """Return the value after one more occurrence of the field; `before`, None at the first, may be changed."""
        ...


Fields: TypeAlias = Mapping[str, tuple[int, Kind]]


class Message(msgspec.Struct, frozen=True):
    """One message; `FIELDS` has the number and the kind of each field, by ascending numbers."""

    FIELDS: ClassVar[Fields] = {}

    def encode(self) -> bytes:
        return b"".join(
            kind.encode(number, getattr(self, name)) for name, (number, kind) in self.FIELDS.items()
        )

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return the message; WireFault where the bytes are none. What is not known is passed over."""
        known = {number: (name, kind) for name, (number, kind) in cls.FIELDS.items()}
        found: dict[str, Any] = {}
        for number, wire, given in _fields(data):
            name, kind = known.get(number, ("", None))
            if kind is not None and kind.wire == wire:
                found[name] = kind.take(found.get(name), given)
        return cls(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
        )


class _String:
    wire = _LENGTH

    def encode(self, number: int, value: str) -> bytes:
        return _delimited(number, value.encode(errors="replace")) if value else b""

    def take(self, _before: Any, given: bytes) -> str:
        try:
            return given.decode()
        except UnicodeDecodeError as fault:
            raise WireFault("a text is not UTF-8") from fault


class _Raw:
    wire = _LENGTH

    def encode(self, number: int, value: bytes) -> bytes:
        return _delimited(number, value) if value else b""

    def take(self, _before: Any, given: bytes) -> bytes:
        return given


class _Int32:
    wire = _VARINT

    def encode(self, number: int, value: int) -> bytes:
        return _tag(number, _VARINT) + _varint(value) if value else b""

    def take(self, _before: Any, given: int) -> int:
        return _signed(given, 32)


class _OptionalInt64:
    wire = _VARINT

    def encode(self, number: int, value: int | None) -> bytes:
        return b"" if value is None else _tag(number, _VARINT) + _varint(value)

    def take(self, _before: Any, given: int) -> int:
        return _signed(given, 64)


class _Boolean:
    wire = _VARINT

    def encode(self, number: int, value: bool) -> bytes:
        return _tag(number, _VARINT) + b"\1" if value else b""

    def take(self, _before: Any, given: int) -> bool:
        return given != 0


class _Double:
    wire = _FIXED64

    def encode(self, number: int, value: float) -> bytes:
        packed = struct.pack("<d", value)
        return b"" if packed == _POSITIVE_ZERO else _tag(number, _FIXED64) + packed

    def take(self, _before: Any, given: bytes) -> float:
        (value,) = struct.unpack("<d", given)
        return float(value)


class _Strings:
    wire = _LENGTH

    def encode(self, number: int, value: tuple[str, ...]) -> bytes:
        return b"".join(_delimited(number, text.encode(errors="replace")) for text in value)

    def take(self, before: list[str] | None, given: bytes) -> list[str]:
        return _added(before, STRING.take(None, given))


class _Pair(Message, frozen=True):
    """An entry of a map, which stands on the wire as a message."""

    FIELDS: ClassVar[Fields] = {"key": (1, _String()), "value": (2, _String())}

    key: str = ""
    value: str = ""


class _Pairs:
    wire = _LENGTH

    def encode(self, number: int, value: Mapping[str, str]) -> bytes:
        return b"".join(_delimited(number, _Pair(*pair).encode()) for pair in value.items())

    def take(self, before: dict[str, str] | None, given: bytes) -> dict[str, str]:
        pair = _Pair.decode(given)
        found = {} if before is None else before
        found[pair.key] = pair.value
        return found


class One:
    """A message within a message."""

    wire = _LENGTH

    def __init__(self, kind: type[Message]) -> None:
        self.kind = kind

    def encode(self, number: int, value: Message | None) -> bytes:
        return b"" if value is None else _delimited(number, value.encode())

    def take(self, before: Message | None, given: bytes) -> Message:
        # What comes twice is one message, to whose fields the later ones add.
        return self.kind.decode(given if before is None else before.encode() + given)


class Many:
    """A list of messages."""

    wire = _LENGTH

    def __init__(self, kind: type[Message]) -> None:
        self.kind = kind

    def encode(self, number: int, value: tuple[Message, ...]) -> bytes:
        return b"".join(_delimited(number, message.encode()) for message in value)

    def take(self, before: list[Message] | None, given: bytes) -> list[Message]:
        return _added(before, self.kind.decode(given))


STRING: Final = _String()
BYTES: Final = _Raw()
INT32: Final = _Int32()
OPTIONAL_INT64: Final = _OptionalInt64()
BOOL: Final = _Boolean()
DOUBLE: Final = _Double()
STRINGS: Final = _Strings()
PAIRS: Final = _Pairs()


def _added(before: list[T] | None, item: T) -> list[T]:
    found = [] if before is None else before
    found.append(item)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Yield number, wire type and value of each field: varints as numbers, all else as bytes, groups not at all."""
    at, end = 0, len(data)
    groups: list[int] = []
    while at < end:
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 2**29:
            raise WireFault(f"{number} is no number of a field")
        value: Any = None
        if wire == _VARINT:
            value, at = _read_varint(data, at)
        elif wire in (_FIXED64, _FIXED32, _LENGTH):
            size, at = _read_varint(data, at) if wire == _LENGTH else (8 if wire == _FIXED64 else 4, at)
            if size > end - at:
                raise WireFault("the message is cut short")
            value, at = data[at : at + size], at + size
        elif wire == _GROUP and len(groups) < _DEEPEST:
            groups.append(number)
        elif wire == _END_GROUP and groups and groups.pop() == number:
            continue
        else:
            raise WireFault(f"field {number} has the wire type {wire}, which does not fit there")
        if not groups:
            yield number, wire, value
    if groups:
        raise WireFault("the message is cut short")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins there, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7
    raise WireFault("a number does not end")


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    pieces = bytearray()
    while value > 0x7F:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _delimited(number: int, content: bytes) -> bytes:
    return _tag(number, _LENGTH) + _varint(len(content)) + content
