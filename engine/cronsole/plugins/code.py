"""Finds the plugin object in a module: imported by its name, or read afresh from its file."""

import importlib
import inspect
import itertools
import re
import sys
import traceback
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from cronsole.executors.faults import told
from cronsole.model.settings import PluginSettings
from cronsole.plugins.author import Plugin
from cronsole.plugins.base import PluginFault

_PREFIX: Final = "cronsole_plugin"
_numbers = itertools.count(1)
_imported: set[str] = set()


def find_plugin(settings: PluginSettings) -> tuple[Any, str]:
    """Return a plugin, made but not asked anything yet, and the name of its module; blocks.

    PluginFault names the file and line of what is wrong.
    """
    if settings.module:
        name, _, attribute = settings.module.partition(":")
        module = _imported_afresh(name)
    else:
        assert settings.path is not None
        attribute = ""
        module = _read(settings.name, Path(settings.path))
    found = _object(module, attribute)
    if inspect.isclass(found):
        try:
            found = found()
        except BaseException as fault:
            raise PluginFault(f"making it failed at {_place(fault)}: {told(fault)}") from fault
    for verb in ("schedules", "run"):
        if not callable(getattr(found, verb, None)):
            raise PluginFault(f"{_file(module)}: {type(found).__name__} has no method {verb}")
    return found, module.__name__


def forget(module_name: str) -> None:
    """Let go of a module that was read from a file, and of what it imported from its own folder."""
    if module_name.startswith(f"{_PREFIX}_"):
        for name in [
            name for name in sys.modules if name == module_name or name.startswith(f"{module_name}.")
        ]:
            del sys.modules[name]


def _imported_afresh(name: str) -> ModuleType:
    try:
        module = sys.modules.get(name)
        if module is not None and name in _imported:
            module = importlib.reload(module)
        else:
            importlib.invalidate_caches()
            module = importlib.import_module(name)
    except ModuleNotFoundError as fault:
        if fault.name is not None and f"{name}.".startswith(f"{fault.name}."):
            raise PluginFault(f"there is no module {fault.name!r} on the Python path") from None
        raise _import_fault(fault) from fault
    except BaseException as fault:
        raise _import_fault(fault) from fault
    _imported.add(name)
    return module


def _read(name: str, path: Path) -> ModuleType:
    """Return the module of a file, new each time, with its folder as its package where it has one of its own."""
    module_name = f"{_PREFIX}_{re.sub(r'[^0-9A-Za-z]', '_', name)}_{next(_numbers)}"
    has_folder = path.name in ("plugin.py", "__init__.py")
    spec = spec_from_file_location(
        module_name,
        path,
        loader=_SourceLoader(module_name, str(path)),
        submodule_search_locations=[str(path.parent)] if has_folder else None,
    )
    assert isinstance(spec, ModuleSpec)
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as fault:
        forget(module_name)
        raise _import_fault(fault) from fault
    return module


class _SourceLoader(SourceFileLoader):
    """Reads the source itself: a compiled file is told from a newer source by its second and size alone."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _object(module: ModuleType, attribute: str) -> Any:
    if attribute:
        if not hasattr(module, attribute):
            raise PluginFault(f"{_file(module)} has no {attribute!r}")
        return getattr(module, attribute)
    if hasattr(module, "plugin") and not inspect.ismodule(module.plugin):
        return module.plugin
    classes = [
        found
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, Plugin) and found.__module__ == module.__name__
    ]
    # A class that others in the file build on is no plugin itself.
    leaves = [
        one for one in classes if not any(one is not other and issubclass(other, one) for other in classes)
    ]
    if len(leaves) == 1:
        return leaves[0]
    told = (
        f"has {len(leaves)} subclasses of cronsole.Plugin" if leaves else "has no subclass of cronsole.Plugin"
    )
    raise PluginFault(f"{_file(module)} {told}; name the one that is meant `plugin`")


def _import_fault(fault: BaseException) -> PluginFault:
    return PluginFault(f"importing it failed at {_place(fault)}: {told(fault)}")


def _place(fault: BaseException) -> str:
    if isinstance(fault, SyntaxError) and fault.filename:
        return f"{fault.filename}:{fault.lineno}"
    frames = [frame for frame in traceback.extract_tb(fault.__traceback__) if "<frozen" not in frame.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or f"module {module.__name__}"
