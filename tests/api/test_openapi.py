"""The OpenAPI document and the page that shows it."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from tests.api.routes import TABLE, routes
from tests.api.served import Served
from tests.runtime.house import schedule

from cronsole.api import openapi
from cronsole.api.examples import DEFINITION, EXAMPLES
from cronsole.config.task_keys import TASK
from cronsole.model import ask, plugin, prospect, view

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(openapi.document(routes())))
SCHEMAS = DOCUMENT["components"]["schemas"]
PAGE = Path(openapi.__file__).with_name("docs_page.html").read_text()


def operations() -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): each
        for path, methods in DOCUMENT["paths"].items()
        for method, each in methods.items()
    }


def validator(name: str) -> Any:
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}, validate_formats=True
    )


def test_every_route_is_told_with_its_permission():
    assert {key: each.get("x-permission") for key, each in operations().items()} == TABLE


def test_every_operation_has_a_name_of_its_own_and_problems():
    names = [each["operationId"] for each in operations().values()]
    assert len(set(names)) == len(names)
    guarded = [each for key, each in operations().items() if TABLE[key] is not None]
    assert all({"400", "401", "403", "429", "503"} <= set(each["responses"]) for each in guarded)
    assert all(each["security"] == [{"token": []}] for each in guarded)


def test_every_reference_leads_somewhere():
    for reference in set(re.findall(r'"#/([^"]+)"', json.dumps(DOCUMENT))):
        found: Any = DOCUMENT
        for part in reference.split("/"):
            found = found[part]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_valid(name: str):
    assert SCHEMAS[name]["examples"] == [EXAMPLES[name]]
    validator(name).validate(EXAMPLES[name])
    module = next(each for each in (view, prospect, ask, plugin) if hasattr(each, name))
    msgspec.convert(EXAMPLES[name], type=getattr(module, name))


async def test_the_example_of_a_definition_can_be_sent_as_it_is(served: Served):
    await served.start()
    assert (await served.ask("POST", "/api/v1/schedules", DEFINITION)).status == 201


def test_a_definition_has_the_keys_of_a_task():
    assert set(SCHEMAS["Definition"]["properties"]) == set(TASK)


def test_every_datetime_says_that_it_is_one():
    assert SCHEMAS["RunView"]["properties"]["due_at"] == {"type": "string", "format": "date-time"}
    parameters = operations()["GET", "/api/v1/runs"]["parameters"]
    (since,) = [each for each in parameters if each["name"] == "since"]
    assert since["schema"] == {"type": "string", "format": "date-time"}


async def test_what_is_served_is_what_the_schemas_say(served: Served):
    await served.start(schedule("tick", "1h"))
    validator("EngineView").validate((await served.ask("GET", "/api/v1/engine")).json())
    validator("ScheduleDetail").validate((await served.ask("GET", "/api/v1/schedules/tick")).json())
    assert (await served.ask("GET", "/openapi.json")).json() == DOCUMENT


async def test_the_page_needs_no_other_network_and_runs_no_script_but_its_own(served: Served):
    await served.start()
    answer = await served.ask("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.body.decode() == PAGE
    assert re.findall(r"https?://|//[a-z]|@import", PAGE) == []
    script = PAGE.partition("<script>")[2].partition("</script>")[0]
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
