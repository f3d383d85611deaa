"""What the API says of itself: its OpenAPI document, and a page to read it on that needs no other network."""

import asyncio
from importlib.resources import files
from typing import Final

import msgspec
from litestar import Controller, Response, get

from cronsole.api.access import Permission
from cronsole.api.asking import AnyRequest
from cronsole.api.contract import JSON, Contract, Route

_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Documents(Controller):
    path = "/"

    @get(
        "/openapi.json",
        contract=Contract(
            summary="This API as an OpenAPI document",
            permission=Permission.READ,
            answers=dict,
            told="→ OpenAPI 3.1",
        ),
    )
    async def openapi(self, request: AnyRequest) -> Response[bytes]:
        # Beside the loop, which it would hold for some tens of milliseconds.
        made = await asyncio.to_thread(_document, request.app.state["routes"])
        return Response(made, media_type=JSON)

    @get(
        "/docs",
        contract=Contract(
            summary="This API as a page",
            permission=Permission.READ,
            answers=str,
            media="text/html",
            told="→ a page",
        ),
    )
    async def docs(self) -> Response[str]:
        page = files("cronsole.api").joinpath("docs_page.html").read_text(encoding="utf-8")
        return Response(
            page,
            media_type="text/html",
            headers={"Content-Security-Policy": _PAGE_POLICY.format(digest=_digest_of_script(page))},
        )


def _document(routes: tuple[Route, ...]) -> bytes:
    # Loaded when it is asked for: an engine that nobody asks need not hold it.
    from cronsole.api.openapi import document

    return msgspec.json.encode(document(routes))


def _digest_of_script(page: str) -> str:
    """Return the digest by which the browser lets the page's own script run, and no other."""
    from base64 import b64encode
    from hashlib import sha256

    script = page.partition("<script>")[2].partition("</script>")[0]
    return b64encode(sha256(script.encode()).digest()).decode()
