"""The audit trail: who changed what."""

from litestar import Controller, Response, get

from cronsole.api import answering
from cronsole.api.access import Permission
from cronsole.api.asking import AnyRequest, facade_of, query_of
from cronsole.api.contract import Contract
from cronsole.model.ask import AuditQuery
from cronsole.model.view import AuditView, Page


class Audit(Controller):
    path = "/api/v1/audit"

    @get(
        "/",
        contract=Contract(
            summary="The changes that people and programs made, newest first",
            permission=Permission.ADMIN,
            query=AuditQuery,
            answers=Page[AuditView],
            fails=(400,),
        ),
    )
    async def audit(self, request: AnyRequest) -> Response[bytes]:
        found = await facade_of(request).audit(query_of(request, AuditQuery))
        return answering.page(request, found, "before")
