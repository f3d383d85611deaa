import inspect
from typing import Any

import msgspec
import pytest

from cronsole import errors
from cronsole.client.problems import ERRORS, PREFIX, error_of, kebab
from cronsole.errors import ConfigError, CronsoleError, Forbidden, StoreUnavailable, Unreachable
from cronsole.model.view import Problem

# Made on our side of the wire, or never by an engine that answers.
NOT_TOLD = {"CronsoleError", "ConfigError", "Unreachable", "MissingExtra"}


def body(kind: str, status: int, **fields: Any) -> bytes:
    return msgspec.json.encode(Problem(type=kind, title="A title", status=status, **fields))


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_a_problem_becomes_the_error_that_it_came_from(kind: str):
    error = error_of(409, body(kind, 409, detail="the sentence"))
    assert type(error) is ERRORS[kind]
    assert PREFIX + kebab(type(error).__name__) == kind
    assert str(error) == "the sentence"


def test_every_error_that_an_engine_can_tell_has_its_line_in_the_table():
    classes = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    known = {kind.__name__ for kind in classes if issubclass(kind, CronsoleError)}
    assert known - NOT_TOLD == {kind.__name__ for kind in ERRORS.values()}


def test_a_configuration_keeps_all_of_its_problems():
    error = error_of(422, body(f"{PREFIX}config-error", 422, detail="a\nb", problems=("a", "b")))
    assert isinstance(error, ConfigError)
    assert error.problems == ("a", "b")


def test_a_configuration_error_without_a_list_keeps_its_sentence():
    error = error_of(422, body(f"{PREFIX}config-error", 422, detail="a"))
    assert isinstance(error, ConfigError)
    assert error.problems == ("a",)


def test_a_kind_of_a_later_version_is_told_in_its_sentence():
    error = error_of(418, body(f"{PREFIX}not-yet-known", 418, detail="no", problems=("x",)))
    assert type(error) is CronsoleError
    assert str(error) == "no\nx"


def test_a_problem_without_a_sentence_has_its_title():
    assert str(error_of(409, body("about:blank", 409))) == "A title"


def test_who_is_not_known_is_told_how_to_name_a_token():
    error = error_of(401, body(f"{PREFIX}unauthenticated", 401, detail="the token is wrong"))
    assert isinstance(error, Forbidden)
    assert "the token is wrong" in str(error)
    assert "CRONSOLE_TOKEN" in str(error)


def test_a_store_that_cannot_be_written_is_no_engine_that_cannot_be_reached():
    error = error_of(503, body(f"{PREFIX}store-unavailable", 503, detail="disk full"))
    assert isinstance(error, StoreUnavailable)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Forbidden), (403, Forbidden), (404, CronsoleError), (500, CronsoleError), (502, Unreachable)],
)
@pytest.mark.parametrize("page", [b"<html>", b"", b'{"type": 3}'])
def test_an_answer_of_somebody_else_is_told_by_its_status(status: int, kind: type, page: bytes):
    assert type(error_of(status, page)) is kind
