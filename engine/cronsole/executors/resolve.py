"""Find the Python function that `module:function` names."""

import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec

from cronsole.errors import nearest
from cronsole.executors.base import StartFault


class Target(msgspec.Struct, frozen=True):
    """A handler's function: whether it is awaited, and whether it takes the context."""

    function: Callable[..., Any]
    is_async: bool
    takes_context: bool


def resolve(name: str) -> Target:
    """Return the function, or raise StartFault with one sentence and the file. Imports its module: may block."""
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise StartFault(f"handler {name!r} is not of the form module:function", is_final=True)
    module = _import(name, module_name)
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            raise StartFault(_lacking(name, module, found, part))
        found = getattr(found, part)
    if not callable(found):
        raise StartFault(f"handler {name!r}: {path} in {_file(module)} is not a function")
    if inspect.isclass(found):
        raise StartFault(f"handler {name!r}: {path} in {_file(module)} is a class, not a function")
    call = found if inspect.isroutine(found) else getattr(found, "__call__", found)  # noqa: B004 - its async form
    is_async = inspect.iscoroutinefunction(found) or inspect.iscoroutinefunction(call)
    return Target(found, is_async, _takes_context(name, found, module))


def _import(name: str, module_name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as fault:
        if fault.name is not None and f"{module_name}.".startswith(f"{fault.name}."):
            raise StartFault(
                f"handler {name!r}: there is no module {fault.name!r} on the Python path"
            ) from None
        raise _import_fault(name, module_name, fault) from fault
    except (Exception, SystemExit) as fault:
        raise _import_fault(name, module_name, fault) from fault


def _import_fault(name: str, module_name: str, fault: BaseException) -> StartFault:
    frame = fault.__traceback__
    where = module_name
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if not file.startswith("<frozen"):
            where = f"{file}:{frame.tb_lineno}"
        frame = frame.tb_next
    if isinstance(fault, SyntaxError) and fault.filename:
        where = f"{fault.filename}:{fault.lineno}"
    return StartFault(f"handler {name!r}: importing it failed at {where}: {type(fault).__name__}: {fault}")


def _lacking(name: str, module: ModuleType, found: object, part: str) -> str:
    sentence = f"handler {name!r}: {_file(module)} has no {part!r}"
    known = nearest(part, [word for word in dir(found) if not word.startswith("_")])
    return f"{sentence}; did you mean {known!r}?" if known else sentence


def _takes_context(name: str, function: Callable[..., Any], module: ModuleType) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        # Builtins may not tell; those without arguments are the likelier handlers.
        return False
    positional = [
        one
        for one in parameters
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL)
    ]
    needed = [
        one
        for one in parameters
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if len(needed) > 1 or any(one.kind is one.KEYWORD_ONLY for one in needed):
        names = ", ".join(one.name for one in needed)
        raise StartFault(
            f"handler {name!r} in {_file(module)} needs the arguments {names}; it is called with the context or nothing"
        )
    return bool(needed) or any(one.name in ("ctx", "context") for one in positional)


def _file(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or f"module {module.__name__}"
