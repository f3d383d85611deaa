"""The OpenAPI document, made from the contracts of the routes and from the structs that go over the wire."""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

import cronsole
from cronsole.api.asking import bounds_of, is_moment, is_repeated, kinds_of
from cronsole.api.contract import JSON, Contract, Route
from cronsole.api.examples import DEFINITION, EXAMPLES
from cronsole.api.problems import MEDIA, TITLES
from cronsole.config.task_keys import TASK
from cronsole.model import ask, plugin, view
from cronsole.model.view import Problem

_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"{(\w+)}")
_WIDELY: Final = (401, 403, 421, 429)
_IDS: Final = {
    "schedule_id": "The id of a schedule; reserved characters, the slash among them, are percent-encoded.",
    "run_id": "The id of a run.",
    "name": "The name of a plugin, percent-encoded.",
    "command": "The name of a command of the plugin, percent-encoded.",
}
_ANYTHING: Final = (bytes, str, dict)


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the whole document as JSON would have it."""
    routes = tuple(routes)
    schemas, components = _schemas_of(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cronsole",
            "version": cronsole.__version__,
            "summary": "Watch and steer an engine.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in sorted({_tag_of(route) for route in routes})],
        "paths": paths,
        "components": {
            "schemas": {**components, "Definition": _definition_schema()},
            "responses": {f"Problem{status}": _problem(status) for status in sorted(TITLES)},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Over TCP. On the unix socket the peer's user decides, and nothing is sent.",
                }
            },
        },
    }


_DESCRIPTION: Final = """\
On the unix socket the caller is the user of the process at the other end: the engine's own user and root may do \
everything, others what `[api] users` gives them. Over TCP a bearer token is needed. Each operation names the \
permission that it asks for. Errors are problem documents (RFC 9457). Lists come in pages: `next` in the body and the \
`Link` header lead to the following one. Instants are ISO 8601 with an offset, durations milliseconds."""


def _schemas_of(routes: tuple[Route, ...]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return the schema of each type that a route speaks of, and the components that they refer to."""
    kinds: list[Any] = [Problem]
    for route in routes:
        kinds += [kind for kind in (route.contract.asks, route.contract.answers) if _has_schema(kind)]
        if route.contract.query is not None:
            kinds += kinds_of(route.contract.query).values()
    unique = list({str(kind): kind for kind in kinds}.values())
    found, components = msgspec.json.schema_components(unique, ref_template=_REF)
    _say_what_are_times(components)
    for name, schema in components.items():
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
    return dict(zip(map(str, unique), found, strict=True)), components


def _say_what_are_times(components: dict[str, Any]) -> None:
    """Give each datetime its format, which msgspec leaves out where it would accept one without an offset."""
    for name, schema in components.items():
        kind = next((getattr(each, name) for each in (view, ask, plugin) if hasattr(each, name)), None)
        if kind is None or not issubclass(kind, msgspec.Struct):
            continue
        for field, hint in kinds_of(kind).items():
            if is_moment(hint):
                _add_format(schema["properties"][field])


def _add_format(schema: dict[str, Any]) -> None:
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if each.get("type") == "string":
            each["format"] = "date-time"


def _has_schema(kind: Any) -> bool:
    return kind is not None and kind not in _ANYTHING


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    contract = route.contract
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": contract.summary,
        "tags": [_tag_of(route)],
        "parameters": [*_path_parameters(route), *_query_parameters(contract, schemas), *_headers(contract)],
        "responses": _responses(contract, schemas),
    }
    if contract.is_open:
        operation["security"] = []
    else:
        operation["security"] = [{"token": []}]
        operation["x-permission"] = contract.permission
        operation["description"] = f"Needs the permission `{contract.permission}`."
    if contract.asks is not None:
        operation["requestBody"] = _body(contract, schemas)
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path.removeprefix("/api/v1"))
    return "_".join([route.method.lower(), *words])


def _tag_of(route: Route) -> str:
    words = route.path.removeprefix("/api/v1").strip("/").split("/")
    return words[0] if route.path.startswith("/api/v1") else "about"


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IDS[name],
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }


def _query_parameters(contract: Contract, schemas: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    if contract.query is None:
        return
    for field in msgspec.structs.fields(contract.query):
        kind = kinds_of(contract.query)[field.encode_name]
        schema = dict(schemas[str(kind)])
        if "anyOf" in schema:  # a parameter is left out rather than null
            (schema,) = [dict(each) for each in schema["anyOf"] if each != {"type": "null"}]
        if is_moment(kind):
            _add_format(schema)
        bounds = bounds_of(contract.query, field.encode_name)
        if bounds is not None:
            schema["minimum"], schema["maximum"] = bounds
        if isinstance(field.default, str | int | float):
            schema["default"] = field.default
        parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        if is_repeated(kind):
            parameter |= {"style": "form", "explode": True}
        yield parameter


def _headers(contract: Contract) -> Iterator[dict[str, Any]]:
    text = {"type": "string"}
    if contract.takes_key:
        told = "A request that is repeated under the same key does what it does once."
        schema = {**text, "pattern": "^[!-~]{1,255}$"}
        yield {"name": "Idempotency-Key", "in": "header", "description": told, "schema": schema}
    if contract.takes_etag:
        told = "The entity tag of the definition that the change is made to."
        yield {
            "name": "If-Match",
            "in": "header",
            "description": told,
            "schema": {**text, "pattern": '^"[0-9a-f]*"$'},
        }
    if contract.gives_etag and contract.permission == "read":
        told = "An entity tag; 304 where it still holds."
        yield {
            "name": "If-None-Match",
            "in": "header",
            "description": told,
            "schema": text,
        }


def _body(contract: Contract, schemas: dict[Any, Any]) -> dict[str, Any]:
    schema = (
        {"$ref": _REF.format(name="Definition")} if contract.asks is dict else schemas[str(contract.asks)]
    )
    return {"required": not contract.may_lack_body, "content": {JSON: {"schema": schema}}}


def _responses(contract: Contract, schemas: dict[Any, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": contract.summary}
    media = contract.media.partition(";")[0]
    if contract.answers is bytes:
        good["content"] = {media: {}, "text/plain": {}}
        good["headers"] = {f"Cronsole-{name}": {"schema": {"type": "string"}} for name in _LOG_HEADERS}
    elif contract.answers in (str, dict) or media != JSON:
        good["content"] = {media: {}}
    elif contract.answers is not None:
        good["content"] = {media: {"schema": schemas[str(contract.answers)]}}
    if contract.gives_etag:
        good["headers"] = {"ETag": {"schema": {"type": "string"}}}
    responses = {str(contract.status): good}
    if contract.gives_etag and contract.permission == "read":
        responses["304"] = {"description": "The definition is still the one of If-None-Match"}
    commonly = () if contract.is_open else (*_WIDELY, 400, 503)
    for status in sorted({*contract.fails, *commonly}):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if contract.is_open and 503 in contract.fails:
        responses["503"] = {**good, "description": "Schedules do not fire at present"}
    return responses


_LOG_HEADERS: Final = ("Run", "Attempt", "Offset", "Next-Offset", "Left-Out", "Complete")


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": TITLES[status],
        "content": {MEDIA: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _definition_schema() -> dict[str, Any]:
    """Return the schema of a definition: the keys of a `[[tasks]]` entry, whose values the reader of files checks."""
    return {
        "title": "Definition",
        "type": "object",
        "description": inspect.cleandoc(
            """The keys of a [[tasks]] entry, as docs/configuration.md explains them: an id, one trigger, at most one
            action. What runs a command, or refers to the environment or to files, needs the permission `exec` too."""
        ),
        "properties": {
            key.name: {"description": f"{key.help} Accepts {key.accepts}."} for key in TASK.values()
        },
        "additionalProperties": False,
        "examples": [DEFINITION],
    }
