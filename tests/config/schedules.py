"""Schedules of every kind that a file can define, made up by hypothesis."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from cronsole.config.secrets import has_reference
from cronsole.model.action import Action, Command, Handler, Http, Record
from cronsole.model.instant import DAY, HOUR, MINUTE, Instant
from cronsole.model.policy import (
    Calendar,
    CircuitBreaker,
    Conditions,
    Delivery,
    Expect,
    Hours,
    Limits,
    Locking,
    MissedRunPolicy,
    Notify,
    OnEngineDeath,
    Overlap,
    Policy,
    Retry,
    Span,
)
from cronsole.model.schedule import Schedule
from cronsole.model.trigger import (
    CronSpec,
    DstPolicy,
    IntervalSpec,
    ManualSpec,
    OnceSpec,
    StartupSpec,
    TriggerSpec,
)

CHANNELS = ("ops", "on call")

_FIRST: Instant = -(2**45)
_LAST: Instant = 2**47
_TRICKY = st.sampled_from(
    [
        "${env:HOME}",
        "$${file:/x}",
        "${env:a${env:b}",
        "${env:",
        '"""',
        "a\nb\n",
        "\\",
        "[[tasks]]\nx",
        "'''\n\"",
        "é\t\x1b",
    ]
)

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), _TRICKY
)
# Where references are replaced only when a run starts, they stand in the model as written, and have been checked.
written = st.one_of(
    texts.filter(lambda text: not has_reference(text)), st.sampled_from(["${env:HOME}", "$${file:/x}"])
)
words = st.one_of(
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12),
    st.sampled_from(["${env:HOME}", '"']),
)
instants = st.integers(_FIRST, _LAST)
durations = st.one_of(st.integers(0, 10**9), st.sampled_from([MINUTE, HOUR, 3 * HOUR, DAY]))
spans = durations.map(lambda ms: ms + 1)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])
names = st.text(st.sampled_from("ABC_abc019"), min_size=1, max_size=6).map(lambda name: f"X{name}")
pairs = st.dictionaries(names, written, max_size=3).map(lambda found: tuple(found.items()))
paths = st.sampled_from(["/tmp", "/a b/c", "/${env:HOME}/x"])
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | written,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(written, inner, max_size=3),
    max_leaves=6,
)


def _several(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(items, max_size=3, unique=True).map(tuple)


def _made(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any of the fields may be left at its default."""
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: kind(**given))


commands: st.SearchStrategy[Command] = st.builds(
    Command,
    st.one_of(
        written.map(lambda line: f"x{line}"), st.lists(written, max_size=3).map(lambda rest: ("x", *rest))
    ),
    pairs,
    st.none() | paths,
    st.none() | paths,
    st.none() | words,
)
https: st.SearchStrategy[Http] = st.one_of(
    st.builds(Http, st.just("http://localhost/x")),
    st.builds(
        Http,
        st.sampled_from(["https://example.org", "${env:URL}"]),
        st.just("POST"),
        st.dictionaries(names, words, max_size=2).map(lambda found: tuple(found.items())),
        st.none() | written,
        _several(st.integers(100, 599)),
        spans,
    ),
)
actions: st.SearchStrategy[Action] = st.one_of(
    st.just(Record()), commands, https, st.just(Handler("package.module:function"))
)
triggers: st.SearchStrategy[TriggerSpec] = st.one_of(
    st.sampled_from(["*/5 * * * *", "0 2 * * 1", "H H * * *", "30 0 12 * * * 2030"]).map(CronSpec),
    st.builds(IntervalSpec, spans, st.none() | instants, st.booleans()),
    instants.map(lambda at: OnceSpec(at=at)),
    durations.map(lambda ms: OnceSpec(after_ms=ms)),
    st.just(StartupSpec()),
    st.just(ManualSpec()),
)
hours = st.tuples(st.integers(0, 1439), st.integers(0, 1440)).filter(lambda both: both[0] != both[1])
stretches = st.tuples(instants, spans).map(lambda both: Span(both[0], both[0] + both[1]))
calendars = _made(
    Calendar,
    dates=st.frozensets(st.dates().map(lambda day: day.isoformat()), max_size=2),
    blackouts=_several(stretches),
)
conditions = _made(
    Conditions,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    hours=_several(hours.map(lambda both: Hours(*both))),
    timezone=zones,
    calendar=calendars,
    environment=st.frozensets(words, max_size=2),
    session_active=st.booleans(),
)
retries = st.builds(
    lambda attempts, delay, backoff, more, jitter: Retry(attempts, delay, backoff, delay + more, jitter),
    st.integers(0, 1000),
    durations,
    st.floats(1, 100),
    durations,
    durations,
)
patterns = st.sampled_from(["OK$", "a|b", "\\$\\{env:X\\}", "x{3}"])
expectations = _made(
    Expect,
    exit_codes=st.frozensets(st.integers(0, 255), min_size=1),
    output_has=_several(patterns),
    output_lacks=_several(patterns),
    min_duration_ms=st.integers(1, 1000),
    max_duration_ms=st.integers(1000, 10**6),
)
sizes = st.one_of(st.integers(1, 2**50 - 1), st.sampled_from([1024, 1024**2 * 3, 1024**3]))
limits = _made(
    Limits,
    memory_bytes=sizes,
    cpu_seconds=st.integers(1, 10**5),
    nice=st.integers(-20, 19),
    output_bytes=sizes,
)
policies: st.SearchStrategy[Policy] = _made(
    Policy,
    delivery=st.sampled_from(Delivery),
    missed_run_policy=st.sampled_from(MissedRunPolicy),
    late_grace_ms=durations,
    catchup_window_ms=durations,
    catchup_limit=st.integers(1, 500),
    overlap=st.sampled_from(Overlap),
    max_parallel=st.integers(1, 70),
    queue_limit=st.integers(1, 500),
    locking=st.sampled_from(Locking),
    jitter_ms=durations,
    timeout_ms=spans,
    kill_grace_ms=durations,
    retry=retries,
    conditions=conditions,
    circuit_breaker=st.builds(CircuitBreaker, st.integers(1, 9), spans),
    pause_after_failures=st.integers(1, 9),
    notify=_made(Notify, **{name: _several(st.sampled_from(CHANNELS)) for name in Notify.__struct_fields__}),
    expect=expectations,
    limits=limits,
    on_engine_death=st.sampled_from(OnEngineDeath),
)
configs = st.one_of(
    st.just(""),
    written,
    (st.lists(trees, max_size=3) | st.dictionaries(written, trees, max_size=3)).map(
        lambda tree: msgspec.json.encode(tree).decode()
    ),
)


def _in_order(schedule: Schedule) -> bool:
    return schedule.start is None or schedule.end is None or schedule.start < schedule.end


schedules: st.SearchStrategy[Schedule] = st.builds(
    Schedule,
    id=st.sampled_from(["a", "db/vacuum", "é-1"]),
    trigger=triggers,
    action=actions,
    timezone=zones,
    dst=st.sampled_from(DstPolicy),
    description=texts,
    tags=_several(words),
    enabled=st.booleans(),
    start=st.none() | instants,
    end=st.none() | instants,
    max_runs=st.none() | st.integers(0, 10**9),
    config=configs,
    policy=policies,
).filter(_in_order)
