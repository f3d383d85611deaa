from hypothesis import given, settings
from hypothesis import strategies as st
from tests.semantics.story import START, at, entries, job

from cronsole.model.instant import HOUR, MINUTE, Instant
from cronsole.model.policy import MissedRunPolicy, Overlap, Policy, Retry
from cronsole.model.run import RunState
from cronsole.simulate import Entry
from cronsole.simulate.happenings import Down, Duration, Failure, PauseAt, ResumeAt, Sleep, Step

HOURS = 48
moments = st.integers(0, HOURS * 60).map(lambda minutes: at(START) + minutes * MINUTE)
lengths = st.integers(1, 20 * 60).map(lambda minutes: minutes * MINUTE)
downs = st.builds(
    lambda begin, length, how: Down(begin=begin, end=begin + length, how=how),
    moments,
    lengths,
    st.sampled_from(["crash", "stop"]),
)
sleeps = st.builds(lambda begin, length: Sleep(begin=begin, end=begin + length), moments, lengths)
pauses = st.builds(
    lambda begin, length: PauseAt(at=begin, until=begin + length if length else None),
    moments,
    st.one_of(st.none(), lengths),
)
resumes = st.builds(lambda moment, catch_up: ResumeAt(at=moment, catch_up=catch_up), moments, st.booleans())
steps = st.builds(
    lambda moment, minutes: Step(at=moment, by=minutes * MINUTE), moments, st.integers(-170, 400)
)
policies = st.builds(
    Policy,
    missed_run_policy=st.sampled_from(MissedRunPolicy),
    overlap=st.sampled_from(Overlap),
    max_parallel=st.integers(1, 3),
    catchup_window_ms=st.integers(0, 30).map(lambda hours: hours * HOUR),
    catchup_limit=st.integers(0, 5),
    jitter_ms=st.sampled_from([0, 10 * MINUTE]),
    retry=st.builds(Retry, attempts=st.integers(0, 2), delay_ms=lengths),
)


def spans(told: list[Entry]) -> list[tuple[Instant, Instant]]:
    """Return the slots, first and last, that each last word is about: a run is about its own."""
    found = []
    for entry in told:
        if entry.slot is None or entry.state is None or (entry.retry_at and entry.state.is_final):
            continue
        is_range = entry.state in (RunState.MISSED, RunState.SKIPPED)
        slots = entry.stands_for if is_range else None
        found.append((slots.first, slots.last) if slots else (entry.slot, entry.slot))
    return sorted(found)


@settings(max_examples=200, deadline=None)
@given(
    policies,
    st.lists(sleeps, max_size=3),
    st.lists(downs, max_size=3),
    st.lists(pauses, max_size=3),
    st.lists(resumes, max_size=3),
    st.lists(steps, max_size=1),
    lengths,
)
def test_whatever_happens_every_slot_has_exactly_one_verdict(
    policy, sleep, down, pause, resume, step, length
):
    told = entries(
        job("*/20 * * * *", policy),
        to="2026-03-08T00:00Z",
        sleep=tuple(sleep),
        down=tuple(down),
        pause=tuple(pause),
        resume=tuple(resume),
        step=tuple(step),
        duration=Duration(max=length, seed="x"),
        failure=Failure(probability=0.3),
    )
    last = max(last for _, last in spans(told))
    covered = [slot for first, end in spans(told) for slot in range(first, end + 1, 20 * MINUTE)]
    assert covered == list(range(at(START), last + 1, 20 * MINUTE))
