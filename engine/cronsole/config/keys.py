"""A key of the configuration: what it is called, how its value is read, and its line in the reference."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from cronsole.config.problems import Fault, Flaw, unknown, wrong_kind
from cronsole.errors import CronsoleError, MissingExtra


class Scope(msgspec.Struct, frozen=True):
    """What a reader may ask besides the value: the zone of local times, the folder of relative paths, the channels."""

    timezone: str = "UTC"
    folder: str = ""
    channels: tuple[str, ...] = ()


Reader: TypeAlias = Callable[[object, Scope], Any]


class Key(msgspec.Struct, frozen=True):
    """`field` is its name in the model, `default` what the reference says of a key that is not given."""

    name: str
    accepts: str
    read: Reader
    help: str
    field: str = ""
    default: str = "–"
    keys: Mapping[str, "Key"] = {}


Keys: TypeAlias = Mapping[str, Key]


def table_of(*keys: Key) -> Keys:
    """Return keys by their names."""
    return {key.name: key for key in keys}


def read_table(value: object, keys: Keys, scope: Scope, accepted: str = "a table") -> dict[str, Any]:
    """Return the read values of a table by their names in the model; a Fault tells of all that are wrong."""
    if not isinstance(value, dict):
        raise wrong_kind(value, accepted)
    flaws: list[Flaw] = []
    fields: dict[str, Any] = {}
    for name, item in value.items():
        key = keys.get(name)
        if key is None:
            flaws.append(Flaw((name,), item, unknown(name, keys)))
            continue
        try:
            fields[key.field or name] = attempt(key.read, item, scope)
        except Fault as fault:
            flaws.extend(fault.under(name, item))
    if flaws:
        raise Fault(flaws)
    return fields


def attempt(read: Reader, value: object, scope: Scope) -> Any:
    """Return what a reader makes of a value; every fault that a user can act on becomes a Fault."""
    try:
        return read(value, scope)
    except MissingExtra as fault:
        raise Fault(str(fault)) from fault
    except CronsoleError as fault:
        # The sentence begins with the value where it is told alone; here the key already shows it.
        raise Fault(str(fault).removeprefix(f"{str(value)!r} ")) from fault
    except RecursionError as fault:
        raise Fault("is nested too deeply") from fault


def struct_of(make: Callable[..., Any], keys: Keys, accepted: str = "a table") -> Reader:
    """Return a reader of tables with these keys into a struct of the model."""

    def read(value: object, scope: Scope) -> Any:
        return make(**read_table(value, keys, scope, accepted))

    return read
