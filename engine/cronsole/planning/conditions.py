"""What the condition and calendar gates ask: CEL expressions and the holidays of countries."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from cronsole.errors import CronsoleError, MissingExtra
from cronsole.model.policy import Calendar

Program = Callable[[Mapping[str, Any]], bool]


class ConditionError(CronsoleError):
    """An expression that is not CEL, asks for what is not there, or gives no truth value."""


class UnknownHolidays(CronsoleError):
    """A country or subdivision whose holidays nobody has written down."""


def evaluate(expression: str, variables: Mapping[str, Any]) -> bool:
    """Return whether the expression holds; ConditionError when that cannot be told."""
    return compile_condition(expression)(variables)


@lru_cache(maxsize=4096)
def compile_condition(expression: str) -> Program:
    """Return the expression ready to be evaluated; ConditionError tells where it is wrong."""
    try:
        import celpy
        from celpy import adapter
        from celpy.celparser import CELParseError
        from celpy.evaluation import CELEvalError
    except ImportError as missing:
        raise MissingExtra("a condition expression", "conditions") from missing
    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(expression))
    except CELParseError as fault:
        where = f" at line {fault.line}, column {fault.column}" if fault.line is not None else ""
        raise ConditionError(f"condition {expression!r} is not CEL{where}") from fault

    def run(variables: Mapping[str, Any]) -> bool:
        known = {name: adapter.json_to_cel(value) for name, value in variables.items()}
        try:
            result = program.evaluate(known)
        except CELEvalError as fault:
            told = fault.args[0] if fault.args else fault
            raise ConditionError(f"condition {expression!r}: {told}") from fault
        if not isinstance(result, celpy.celtypes.BoolType | bool):
            raise ConditionError(f"condition {expression!r} gives {result!r}, not true or false")
        return bool(result)

    return run


def is_holiday(calendar: Calendar, day: date) -> bool:
    """Tell whether the day is a public holiday of the calendar's country."""
    return calendar.country is not None and day in _holidays(calendar.country, calendar.subdivision)


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str | None) -> Mapping[date, str]:
    try:
        import holidays
    except ImportError as missing:
        raise MissingExtra("a holiday calendar", "holidays") from missing
    try:
        return holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError as unknown:
        place = country if subdivision is None else f"{country}-{subdivision}"
        raise UnknownHolidays(f"no holidays are known for {place!r}") from unknown
