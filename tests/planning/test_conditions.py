import sys
from datetime import UTC, date, datetime

import pytest

from cronsole.errors import MissingExtra
from cronsole.model.policy import Calendar
from cronsole.planning.conditions import (
    ConditionError,
    UnknownHolidays,
    compile_condition,
    evaluate,
    is_holiday,
)


def test_an_expression_sees_its_variables():
    assert evaluate("env.LOAD < 3 && tags.exists(t, t == 'a')", {"env": {"LOAD": 2}, "tags": ["b", "a"]})


def test_an_expression_reads_the_time_in_any_zone():
    moment = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert evaluate("now.getHours('Europe/Berlin') == 0", {"now": moment})


def test_what_is_not_cel_is_told_with_its_place():
    with pytest.raises(ConditionError, match=r"is not CEL at line 1, column"):
        evaluate("1 +* 2", {})


def test_an_unknown_name_is_told():
    with pytest.raises(ConditionError, match="nowhere"):
        evaluate("nowhere == 1", {})


def test_a_result_that_is_no_truth_value_is_refused():
    with pytest.raises(ConditionError, match="not true or false"):
        evaluate("1 + 1", {})


def test_python_cannot_be_reached():
    with pytest.raises(ConditionError):
        evaluate("schedule.__class__ != 1", {"schedule": {"id": "job"}})


def test_an_expression_is_compiled_once():
    assert compile_condition("1 == 1") is compile_condition("1 == 1")


def test_without_the_extra_the_message_says_which_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "celpy", None)
    with pytest.raises(MissingExtra, match=r"cronsole\[conditions\]"):
        compile_condition("2 == 2 && true")


def test_a_country_s_holidays_are_known():
    assert is_holiday(Calendar(country="FR"), date(2026, 7, 14))
    assert not is_holiday(Calendar(country="FR"), date(2026, 7, 15))


def test_a_subdivision_has_holidays_of_its_own():
    assert is_holiday(Calendar(country="DE", subdivision="BY"), date(2026, 1, 6))
    assert not is_holiday(Calendar(country="DE", subdivision="BE"), date(2026, 1, 6))


def test_a_calendar_without_a_country_has_no_holidays():
    assert not is_holiday(Calendar(), date(2026, 12, 25))


def test_an_unknown_country_is_told():
    with pytest.raises(UnknownHolidays, match="'DE-XX'"):
        is_holiday(Calendar(country="DE", subdivision="XX"), date(2026, 1, 1))


def test_without_the_extra_a_calendar_says_which_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtra, match=r"cronsole\[holidays\]"):
        is_holiday(Calendar(country="SE"), date(2026, 1, 1))
