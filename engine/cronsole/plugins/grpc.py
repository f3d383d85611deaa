"""The door of plugins that speak gRPC: at an address where they already run, or as a process that is kept running."""

import re
from typing import TYPE_CHECKING, Final

from cronsole.errors import MissingExtra
from cronsole.model.settings import PluginSettings
from cronsole.plugins.base import PluginFault
from cronsole.plugins.loading import PluginGround

if TYPE_CHECKING:
    from cronsole.plugins.remote import RemotePlugin

_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:]+\]|[^:/\[\]]+):(?P<port>[0-9]{1,5})")
_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|\[::1\]")


async def open_grpc(settings: PluginSettings, ground: PluginGround) -> "RemotePlugin":
    """Reach a plugin, its process started where there is a `command`; PluginFault says why it cannot be reached."""
    try:
        import grpc  # noqa: F401 - whether it is there is all that is asked
    except ImportError as missing:
        raise PluginFault(str(MissingExtra("a plugin over gRPC", "grpc"))) from missing
    from cronsole.plugins.remote import RemotePlugin

    if settings.grpc is not None and settings.command:
        raise PluginFault(
            "it has grpc and command; keep grpc for one that runs already, command for one to be started"
        )
    if settings.max_outstanding_polls != 1:
        raise PluginFault(
            "max_outstanding_polls is for plugins that are processes; parallelism is for all calls of this"
        )
    plugin = RemotePlugin(settings, ground, None if settings.grpc is None else target_of(settings.grpc))
    try:
        await plugin.open()
    except BaseException:
        await plugin.close()
        raise
    return plugin


def target_of(address: str) -> str:
    """Return the address as gRPC spells it; only this machine, for nothing that is said is encrypted."""
    if address.startswith("unix:"):
        path = address.removeprefix("unix:").removeprefix("//")
        if not path.startswith("/"):
            raise PluginFault(f"grpc = {address!r} is no full path; write unix:/run/plugin.sock")
        return f"unix:{path}"
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65_536:
        raise PluginFault(
            f"grpc = {address!r} is no address; accepted are 127.0.0.1:50051 and unix:/run/plugin.sock"
        )
    if not _LOOPBACK.fullmatch(found["host"]):
        raise PluginFault(
            f"grpc = {address!r} is another machine, and what is said to a plugin is not encrypted; "
            "bring its port here with ssh -L, and name that"
        )
    return address
