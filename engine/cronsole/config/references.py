"""References in the entries of a file: replaced where the value is ours to read, checked where the run needs it."""

from collections.abc import Mapping, Set

from cronsole.config.problems import Flaw, Path, missing
from cronsole.config.secrets import has_reference, resolve_text
from cronsole.config.values import Resolved
from cronsole.errors import ConfigError

# Far deeper than anyone writes, and far above where Python itself would give up.
_DEEPEST = 200


class _TooDeep(Exception):
    """A table within tables beyond all measure."""


def resolve_table(
    table: Mapping[str, object],
    environ: Mapping[str, str],
    flaws: list[Flaw],
    deferred: Set[str] = frozenset(),
) -> dict[str, object]:
    """Return a table with its references replaced; those under deferred keys are only checked.

    What cannot be replaced is added to the flaws, and its key left out.
    """
    resolved: dict[str, object] = {}
    for key, value in table.items():
        known = len(flaws)
        try:
            found = _resolve(value, environ, (key,), flaws)
        except _TooDeep:
            flaws.append(missing(key, "is nested too deeply"))
            continue
        if len(flaws) == known:
            resolved[key] = value if key in deferred else found
    return resolved


def _resolve(value: object, environ: Mapping[str, str], path: Path, flaws: list[Flaw]) -> object:
    if isinstance(value, str):
        if not has_reference(value):
            return value
        try:
            return Resolved(resolve_text(value, environ))
        except ConfigError as fault:
            flaws.append(Flaw(path, value, str(fault)))
            return value
    if len(path) > _DEEPEST:
        raise _TooDeep
    if isinstance(value, list):
        return [_resolve(item, environ, (*path, index), flaws) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _resolve(item, environ, (*path, key), flaws) for key, item in value.items()}
    return value
