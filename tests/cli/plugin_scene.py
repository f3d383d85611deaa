"""The plugins of one evening, frozen: what the pictures of `cronsole plugins` are made from."""

from tests.cli.scene import HOSTILE, ago, ahead

from cronsole.model.plugin import (
    Carrier,
    CircuitView,
    CommandView,
    PluginDetail,
    PluginStatus,
    PluginView,
    RefusedView,
    ShadowedView,
)


def plugin(name: str, status: PluginStatus = PluginStatus.LOADED, **more: object) -> PluginView:
    told: dict[str, object] = {"since": ago(minutes=5), "priority": 1000}
    return PluginView(name=name, status=status, **(told | more))  # type: ignore[arg-type]


WITHINGS = plugin(
    "withings",
    carrier=Carrier.PROCESS,
    version="1.2.3",
    origin="/etc/cronsole/plugins/withings",
    declared=2,
    made=1,
    refused=1,
    shadowed=1,
    running=1,
    failing=1,
    circuits_open=1,
)
TIDY = plugin("tidy", carrier=Carrier.PYTHON, origin="entry point tidy", declared=12)
EVIL = plugin(
    HOSTILE,
    PluginStatus.FAILED,
    origin=f"/plugins/{HOSTILE}",
    reason="SyntaxError: [bold]'(' was never closed[/bold]\n\x1b[2Jline 3",
)
PULSE = plugin(
    "pulse",
    PluginStatus.STALE,
    carrier=Carrier.GRPC,
    version="0.9",
    origin="pulse.internal:7443",
    reason="did not answer within 30s",
    declared=1,
)
OFF = plugin("old", PluginStatus.DISABLED, reason="disabled in the configuration")
GONE = plugin("gone", PluginStatus.UNLOADED, reason="it is not configured any more")
PLUGINS = (GONE, OFF, PULSE, TIDY, WITHINGS, EVIL)

DETAIL = PluginDetail(
    plugin=WITHINGS,
    declared=("withings/poll:default", "withings/token_refresh:default"),
    made=("withings/poll:by-hand",),
    commands=(
        CommandView(
            name="poll",
            description="Fetch [new] measurements\x1b[2J.",
            schedules=("withings/poll:default", "withings/poll:by-hand"),
            circuit=CircuitView(failures=3, opened_at=ago(minutes=18), open_until=ahead(minutes=12)),
        ),
        CommandView(name="look", is_write=False, input_schema='{"type":"object"}', output_schema="{}"),
        CommandView(name="token_refresh", circuit=CircuitView(failures=1)),
    ),
    refused=(RefusedView(schedule_id="withings/poll:soon", reason="every = 0s is no pace"),),
    shadowed=(ShadowedView(schedule_id="withings/tidy", held_by=f"tasks.toml:14 {HOSTILE}"),),
    remembers=("cursor", HOSTILE),
)
