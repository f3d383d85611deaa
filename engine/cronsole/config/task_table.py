"""Shows a schedule as the table of the `[[tasks]]` entry that reads back as it."""

from typing import Any, Final

import msgspec

from cronsole.config.actions import json_text
from cronsole.config.problems import Fault
from cronsole.config.secrets import escaped
from cronsole.config.task_keys import ALIASES, DEFERRED, TASK
from cronsole.model.action import Action, Celery, Command, Handler, Http, PluginCall, Publish
from cronsole.model.instant import SECOND, Instant, to_iso
from cronsole.model.policy import Calendar, Conditions, Expect, Hours, Limits, Notify, Overlap, Policy, Retry
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import CronSpec, DstPolicy, IntervalSpec, ManualSpec, OnceSpec, TriggerSpec
from cronsole.triggers.duration import format_duration

Table = dict[str, Any]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SIZES: Final = ((1024**4, "TB"), (1024**3, "GB"), (1024**2, "MB"), (1024, "KB"))


def as_table(schedule: Schedule) -> Table:
    """Return the keys of the `[[tasks]]` entry that reads back as this schedule, of defaults only its zone."""
    table: Table = {
        "id": schedule.id,
        **_trigger(schedule.trigger),
        # The default is the engine's to choose, so that leaving it out would mean another zone elsewhere.
        "timezone": schedule.timezone,
        **_given(
            dst=None if schedule.dst is DstPolicy.CRON else schedule.dst.value,
            start=_maybe(_instant, schedule.start),
            end=_maybe(_instant, schedule.end),
            max_runs=schedule.max_runs,
            description=schedule.description or None,
            tags=list(schedule.tags) or None,
            enabled=None if schedule.enabled else False,
        ),
        **_action(schedule.action),
        **_config(schedule.config),
        **_policy(schedule.policy),
    }
    return {key: value if key in DEFERRED else _escaped(value) for key, value in table.items()}


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return escaped(value)
        case list():
            return [_escaped(item) for item in value]
        case dict():
            return {key: _escaped(item) for key, item in value.items()}
    return value


def _given(**fields: Any) -> Table:
    return {key: value for key, value in fields.items() if value is not None}


def _maybe(show: Any, value: Any) -> Any:
    return None if value is None else show(value)


def _instant(at: Instant) -> str:
    year, _, rest = to_iso(at).partition("-")
    return f"{year:0>4}-{rest}"


def _trigger(spec: TriggerSpec) -> Table:
    match spec:
        case CronSpec(expression=expression):
            return {"cron": expression}
        case IntervalSpec(every_ms=every_ms, start_at=start_at, run_at_start=run_at_start):
            return {
                "every": format_duration(every_ms),
                **_given(start_at=_maybe(_instant, start_at), run_at_start=run_at_start or None),
            }
        case OnceSpec(at=at) if at is not None:
            return {"at": _instant(at)}
        case OnceSpec(after_ms=after_ms):
            return {"after": format_duration(after_ms or 0)}
        case ManualSpec():
            return {"cron": "@manual"}
    return {"cron": "@startup"}


def _action(action: Action) -> Table:
    match action:
        case Command():
            run = action.run if isinstance(action.run, str) else list(action.run)
            return {
                "command": run,
                **_given(
                    env=dict(action.env) or None,
                    env_file=action.env_file,
                    cwd=action.cwd,
                    user=action.user,
                ),
            }
        case Handler(target=target):
            return {"handler": target}
        case PluginCall(task=task) if task:
            return _action(msgspec.json.decode(task, type=Action))
        case PluginCall(plugin=plugin, call=call):
            return {"plugin": plugin, **_given(call=call or None)}
        case Http():
            return {"http": _http(action)}
        case Publish(channel=channel, message=message, url=url):
            return {"publish": {"channel": channel, "message": message, "url": url}}
        case Celery():
            return {"celery": _celery(action)}
    return {}


def _http(action: Http) -> Table:
    return _given(
        url=action.url,
        method=_unless("GET", action.method),
        headers=dict(action.headers) or None,
        body=action.body,
        expect_status=list(action.expect_status) or None,
        connect_timeout=_unless("10s", format_duration(action.connect_timeout_ms)),
    )


def _celery(action: Celery) -> Table:
    return _given(
        task=action.task,
        broker=action.broker,
        args=msgspec.json.decode(action.args_json) or None,
        kwargs=msgspec.json.decode(action.kwargs_json) or None,
        queue=action.queue,
    )


def _config(text: str) -> Table:
    """Return the JSON text as a table where that reads back to the letter."""
    if not text:
        return {}
    try:
        tree = msgspec.json.decode(text)
        if isinstance(tree, dict | list) and json_text(tree) == text:
            return {"config": tree}
    except (msgspec.DecodeError, Fault, RecursionError):
        return {"config_json": text}
    return {"config_json": text}


def _policy(policy: Policy) -> Table:
    """Return the keys of a policy that differ from the defaults, under the names that a reader knows them by."""
    default = Policy()
    shown = {
        name: _SHOWN[name](value) if name in _SHOWN else getattr(value, "value", value)
        for name in Policy.__struct_fields__
        if (value := getattr(policy, name)) != getattr(default, name)
    }
    if policy.overlap is Overlap.ALLOW:
        # Left out, it would be what the engine allows.
        shown["max_parallel"] = policy.max_parallel
    return {_KEYS.get(name, name): value for name, value in shown.items()}


def _retry(retry: Retry) -> Table:
    default = Retry()
    return _given(
        attempts=retry.attempts,
        delay=_time(default.delay_ms, retry.delay_ms),
        backoff=_unless(default.backoff, retry.backoff),
        max_delay=_time(default.max_delay_ms, retry.max_delay_ms),
        jitter=_time(default.jitter_ms, retry.jitter_ms),
    )


def _expect(expect: Expect) -> Table:
    return _given(
        exit_codes=_unless([0], sorted(expect.exit_codes)),
        output_has=list(expect.output_has) or None,
        output_lacks=list(expect.output_lacks) or None,
        min_duration=_maybe(format_duration, expect.min_duration_ms),
        max_duration=_maybe(format_duration, expect.max_duration_ms),
    )


def _limits(limits: Limits) -> Table:
    return _given(
        memory=_maybe(_size, limits.memory_bytes),
        cpu=_maybe(lambda seconds: format_duration(seconds * SECOND), limits.cpu_seconds),
        nice=limits.nice,
        output=_unless(_size(Limits().output_bytes), _size(limits.output_bytes)),
    )


def _notify(notify: Notify) -> Table:
    shown = {name: list(getattr(notify, name)) for name in Notify.__struct_fields__}
    return {name: channels for name, channels in shown.items() if channels}


def _conditions(conditions: Conditions) -> Table:
    return _given(
        days=[_DAYS[day] for day in sorted(conditions.days)] or None,
        hours=[_hours(hours) for hours in conditions.hours] or None,
        timezone=conditions.timezone,
        calendar=_maybe(_calendar, conditions.calendar),
        environment=sorted(conditions.environment) or None,
        session_active=conditions.session_active,
        expression=conditions.expression,
    )


def _calendar(calendar: Calendar) -> Table:
    return _given(
        country=calendar.country,
        subdivision=calendar.subdivision,
        dates=sorted(calendar.dates) or None,
        blackouts=[{"start": _instant(span.start), "end": _instant(span.end)} for span in calendar.blackouts]
        or None,
    )


def _hours(hours: Hours) -> str:
    start, end = divmod(hours.start_minute, 60), divmod(hours.end_minute, 60)
    return f"{start[0]:02d}:{start[1]:02d}-{end[0]:02d}:{end[1]:02d}"


def _size(count: int) -> str | int:
    return next((f"{count // size}{unit}" for size, unit in _SIZES if not count % size), count)


def _time(default: int, ms: int) -> str | None:
    return None if ms == default else format_duration(ms)


def _unless(default: Any, value: Any) -> Any:
    return None if value == default else value


_KEYS: Final = {key.field: name for name, key in TASK.items() if key.field and name not in ALIASES}
_SHOWN: Final[dict[str, Any]] = {
    **{name: format_duration for name in _KEYS if name.endswith("_ms")},
    "retry": _retry,
    "expect": _expect,
    "limits": _limits,
    "notify": _notify,
    "conditions": _conditions,
    "circuit_breaker": lambda breaker: {
        "threshold": breaker.threshold,
        "reset_after": format_duration(breaker.reset_after_ms),
    },
}
