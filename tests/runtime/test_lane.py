"""The lanes by the circuit that they share, kept up to date as schedules come, change and go."""

from tests.runtime.house import schedule

from cronsole.model.action import PluginCall
from cronsole.model.policy import CircuitBreaker
from cronsole.model.schedule import Schedule
from cronsole.runtime.enactment import first_seen
from cronsole.runtime.lane import Lane, Lanes

POLL, PUSH = ("withings", "poll"), ("withings", "push")


BREAKER = CircuitBreaker(3, 1000)


def calling(schedule_id: str, call: str, breaker: CircuitBreaker | None = BREAKER) -> Schedule:
    return schedule(schedule_id, "@daily", PluginCall("withings", call), circuit_breaker=breaker)


def lanes_of(*schedules: Schedule) -> Lanes:
    lanes = Lanes()
    for each in schedules:
        lanes.put(Lane(each, first_seen(each, 0), 0))
    return lanes


def shared(lanes: Lanes, command: tuple[str, str]) -> list[str]:
    return [lane.id for lane in lanes.sharing(command)]


def test_those_that_call_one_command_under_a_breaker_share_its_circuit() -> None:
    lanes = lanes_of(
        calling("a", "poll"), calling("b", "push"), calling("c", "poll"), calling("d", "poll", None)
    )
    assert (shared(lanes, POLL), shared(lanes, PUSH)) == (["a", "c"], ["b"])
    assert lanes.commands_of("withings") == [POLL, PUSH]


def test_one_that_calls_something_else_from_now_on_leaves_its_circuit() -> None:
    lanes = lanes_of(calling("a", "poll"))
    lane = lanes.in_force("a")
    lanes.redefine(lane, calling("a", "push"), lane.state)
    assert (shared(lanes, POLL), shared(lanes, PUSH)) == ([], ["a"])
    lanes.redefine(lane, calling("a", "push", None), lane.state)
    assert shared(lanes, PUSH) == []


def test_one_that_is_gone_is_forgotten_with_its_circuit() -> None:
    lanes = lanes_of(calling("a", "poll"))
    lanes.in_force("a").is_leaving = True
    assert shared(lanes, POLL) == []
    lanes.forget_the_gone()
    assert lanes.commands_of("withings") == []
