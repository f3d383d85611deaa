"""Errors as problem documents: of the right kind, and with nothing in them that is not for the asker."""

from typing import Any

import pytest
from tests.api.served import Served
from tests.runtime.house import schedule

from cronsole import errors
from cronsole.api.problems import STATUS, kind_of, problem_of
from cronsole.errors import ConfigError, CronsoleError, MissingExtra, UnknownSchedule

NOT_FROM_AN_ENGINE = {errors.StateLocked, errors.Unreachable, errors.CronsoleError}


def test_every_error_that_a_facade_raises_has_its_status():
    kinds = {
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, CronsoleError)
    }
    assert kinds - NOT_FROM_AN_ENGINE <= set(STATUS)


def test_the_type_is_the_name_of_the_error():
    assert kind_of(UnknownSchedule) == "urn:cronsole:problem:unknown-schedule"
    assert kind_of(MissingExtra) == "urn:cronsole:problem:missing-extra"


def test_all_faults_of_a_definition_are_listed():
    assert problem_of(ConfigError(["one", "two"])).problems == ("one", "two")


def test_our_own_fault_is_told_without_its_words():
    problem = problem_of(ValueError("the password is hunter2"))
    assert (problem.status, problem.type) == (500, "urn:cronsole:problem:internal")
    assert "hunter2" not in f"{problem.detail}{problem.title}"


def test_an_error_that_nobody_foresaw_is_told_as_what_it_is_a_kind_of():
    class OddName(UnknownSchedule):
        pass

    assert problem_of(OddName("x")).type == kind_of(UnknownSchedule)
    assert problem_of(CronsoleError("x")).status == 400


async def test_a_fault_of_ours_goes_to_the_log(served: Served, monkeypatch: pytest.MonkeyPatch):
    await served.start()

    def broken() -> Any:
        raise ValueError("the password is hunter2")

    monkeypatch.setattr(served.house.engine.facade, "engine", broken)
    answer = await served.ask("GET", "/api/v1/engine")
    assert (answer.status, answer.problem()) == (500, "internal")
    assert "hunter2" not in answer.body.decode()
    assert served.warnings == ["GET /api/v1/engine failed in the API: ValueError: the password is hunter2"]


async def test_what_an_engine_on_its_way_out_cannot_answer_is_no_fault(served: Served):
    await served.start(schedule("tick", "1h"))
    await served.house.stop()
    answer = await served.ask("GET", "/api/v1/runs")
    assert (answer.status, answer.problem()) == (503, "store-unavailable")
    assert served.warnings == []


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "kind"),
    [
        ("GET", "/api/v1/nothing", None, 404, "not-found"),
        ("GET", "/", None, 404, "not-found"),
        ("DELETE", "/api/v1/engine", None, 405, "method-not-allowed"),
        ("GET", "/api/v1/schedules/nope", None, 404, "unknown-schedule"),
        ("GET", "/api/v1/runs/nope", None, 404, "unknown-run"),
        ("GET", "/api/v1/engine?x=1", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?limitt=1", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?limit=0", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?limit=1&limit=2", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?until=1e-5", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?until=1795132800", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?until=null", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?states=odd", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?since=2026-11-20T00:00:00", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?since=0001-01-01T00:00:00%2B14:00", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?before=%ff", None, 400, "invalid-request"),
        ("GET", "/api/v1/runs?took_over_ms=99999999999999999999", None, 400, "invalid-request"),
        ("POST", "/api/v1/schedules", b"{", 400, "invalid-request"),
        ("POST", "/api/v1/schedules", b"[]", 400, "invalid-request"),
        ("POST", "/api/v1/schedules", b"[" * 100_000, 400, "invalid-request"),
        ("POST", "/api/v1/schedules", b'{"id": "\\ud800"}', 400, "invalid-request"),
        ("POST", "/api/v1/schedules/tick/trigger", b'{"payload": 1, "at": 5}', 400, "invalid-request"),
        ("POST", "/api/v1/schedules/tick/trigger", b'{"gated": true}', 400, "invalid-request"),
        ("POST", "/api/v1/schedules/tick/backfill", None, 400, "invalid-request"),
        ("DELETE", "/api/v1/schedules/tick", None, 409, "not-ours"),
        ("PATCH", "/api/v1/schedules/tick", b"{}", 409, "not-ours"),
    ],
)
async def test_what_cannot_be_done_is_a_problem_of_its_kind(
    served: Served, method: str, target: str, body: bytes | None, status: int, kind: str
):
    await served.start(schedule("tick", "1h"))
    answer = await served.ask(method, target, body)
    assert (answer.status, answer.problem()) == (status, kind)
    assert answer.json()["instance"] == target.partition("?")[0]
    assert served.warnings == []


async def test_an_unknown_parameter_names_the_one_that_was_meant(served: Served):
    await served.start()
    assert "did you mean limit?" in (await served.ask("GET", "/api/v1/runs?limitt=1")).json()["detail"]


async def test_a_plus_that_the_query_made_a_blank_is_read_as_it_was_meant(served: Served):
    await served.start()
    assert (await served.ask("GET", "/api/v1/runs?since=2026-11-20T00:00:00+01:00")).status == 200
