"""Where plugins are found: tables of the configuration, entry points, and the folders of `plugin_roots`.

Python plugins declare their schedules themselves and are loaded wherever they are found; a process plugin is loaded
when a table names it. Nothing is imported or started here.
"""

import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

import msgspec

from cronsole.errors import nearest
from cronsole.model.plugin import Carrier
from cronsole.model.settings import BUILT_IN_PROVIDER, PluginSettings, Settings
from cronsole.plugins.base import PluginFault
from cronsole.plugins.trust import check_trusted

GROUP: Final = "cronsole.plugins"
_MANIFESTS: Final = ("manifest.yaml", "manifest.yml")


class Found(msgspec.Struct, frozen=True):
    """A plugin to be opened. `stamp` changes when its code does."""

    name: str
    carrier: Carrier
    settings: PluginSettings
    origin: str
    stamp: tuple[tuple[str, int, int], ...] = ()


class Rejected(msgspec.Struct, frozen=True):
    """A plugin that is not even to be opened, and why."""

    name: str
    reason: str
    origin: str = ""


class Inventory(msgspec.Struct, frozen=True):
    """What there is; `unreadable` are the roots that could not be looked into, with the reason."""

    found: tuple[Found, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    disabled: tuple[str, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


class _Place(msgspec.Struct, frozen=True):
    """Where the code of a name is: a module of an entry point, or a path below a root."""

    carrier: Carrier
    origin: str
    path: str | None = None
    module: str | None = None
    fault: str = ""


def discover(settings: Settings) -> Inventory:
    """Look at the disk for every plugin that the settings mean; blocks."""
    places = _places(settings.plugin_roots)
    found: list[Found] = []
    rejected: list[Rejected] = []
    named = {one.name: one for one in settings.plugins}
    # The code under a name that only lends it to aliases is no plugin of its own.
    wanted = {**{name: PluginSettings(name) for name, place in places.items() if _is_own(place)}, **named}
    for name, one in wanted.items():
        if not one.enabled:
            continue
        try:
            found.append(_find(one, places))
        except (PluginFault, OSError) as fault:
            # Code may go while it is looked at.
            place = places.get(one.code)
            rejected.append(Rejected(name, str(fault), place.origin if place else one.origin))
    disabled = tuple(one.name for one in settings.plugins if not one.enabled)
    return Inventory(tuple(found), tuple(rejected), disabled, tuple(_unreadable(settings.plugin_roots)))


def installed(settings: Settings) -> tuple[str, ...]:
    """Return what a provider may be called: what is built in, and every enabled plugin that could be loaded."""
    named = {one.name: one for one in settings.plugins}
    names = {name for name, place in _places(settings.plugin_roots).items() if _is_own(place)}
    names |= named.keys()
    names -= {one.name for one in settings.plugins if not one.enabled}
    return (BUILT_IN_PROVIDER, *sorted(names))


def _is_own(place: _Place) -> bool:
    return place.carrier is Carrier.PYTHON


def _find(one: PluginSettings, places: dict[str, _Place]) -> Found:
    if one.grpc or one.command:
        return Found(one.name, Carrier.GRPC, one, one.grpc or " ".join(one.command))
    if one.module:
        return Found(one.name, Carrier.PYTHON, one, f"module {one.module}")
    place = _place_of(one, places)
    if place.fault:
        raise PluginFault(place.fault)
    if place.module:
        chosen = msgspec.structs.replace(one, module=place.module)
        return Found(one.name, Carrier.PYTHON, chosen, place.origin)
    assert place.path is not None
    chosen = msgspec.structs.replace(one, path=place.path)
    return Found(one.name, place.carrier, chosen, place.path, tuple(_stamps(Path(place.path))))


def _place_of(one: PluginSettings, places: dict[str, _Place]) -> _Place:
    if one.path is not None:
        path = Path(one.path)
        if not path.exists():
            raise PluginFault(f"{one.path} does not exist")
        place = _place(path, path.resolve().parent)
        if place is None:
            raise PluginFault(
                f"{one.path} is no plugin; accepted are a Python file, a folder with plugin.py or __init__.py, "
                "or a folder with manifest.yaml"
            )
        return place
    found = places.get(one.code)
    if found is None:
        near = nearest(one.code, places)
        hint = f"did you mean {near!r}?" if near else f"installed are: {', '.join(sorted(places)) or 'none'}"
        raise PluginFault(
            f"no plugin is called {one.code!r} among the entry points of {GROUP} and in plugin_roots; {hint}"
        )
    return found


def _places(roots: tuple[str, ...]) -> dict[str, _Place]:
    """Return the code that can be had by its name; of two with one name, the first."""
    places: dict[str, _Place] = {}
    for point in _entry_points():
        places.setdefault(
            point.name, _Place(Carrier.PYTHON, f"entry point {point.value}", module=point.value)
        )
    for root in roots:
        for name, place in _in_root(Path(root)):
            places.setdefault(name, place)
    return places


def _entry_points() -> Iterator[EntryPoint]:
    yield from sorted(entry_points(group=GROUP), key=lambda point: point.name)


def _in_root(root: Path) -> Iterator[tuple[str, _Place]]:
    try:
        real = root.resolve(strict=True)
        names = sorted(os.listdir(real))
    except OSError:
        return
    for name in names:
        if name.startswith((".", "_")):
            continue
        place = _place(real / name, real)
        if place is not None:
            yield (name.removesuffix(".py") if os.path.isfile(real / name) else name), place


def _unreadable(roots: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for root in roots:
        try:
            os.listdir(root)
        except OSError as fault:
            yield os.path.realpath(root), f"{root} cannot be read: {fault.strerror or fault}"


def _place(path: Path, root: Path) -> _Place | None:
    """Return the plugin at a path, with the reason where its code may not be trusted; None where there is none."""
    try:
        code = _code_of(path)
    except OSError as fault:
        reason = f"{path} cannot be looked into: {fault.strerror or fault}"
        return _Place(Carrier.PYTHON, str(path), fault=reason)
    if code is None:
        return None
    carrier, file = code
    try:
        check_trusted(file, root)
    except PluginFault as fault:
        return _Place(carrier, str(path), fault=str(fault))
    return _Place(carrier, str(path), path=str(file.resolve()))


def _code_of(path: Path) -> tuple[Carrier, Path] | None:
    """Return the file of a Python plugin, or the folder of a process plugin."""
    if path.is_file():
        return (Carrier.PYTHON, path) if path.suffix == ".py" else None
    if any((path / name).is_file() for name in _MANIFESTS):
        return Carrier.PROCESS, path
    for name in ("plugin.py", "__init__.py"):
        if (path / name).is_file():
            return Carrier.PYTHON, path / name
    return None


def _stamps(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield what changes when the code at a path does: of a package, its modules; of a process, its own files."""
    folder = path if path.is_dir() else path.parent
    if path.is_file() and path.name not in ("plugin.py", "__init__.py"):
        files = [path]
    else:
        files = sorted(file for file in folder.iterdir() if file.is_file())
    for file in files:
        try:
            status = file.stat()
        except OSError:
            continue
        yield str(file), status.st_mtime_ns, status.st_size
