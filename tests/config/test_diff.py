import msgspec

from cronsole.config.diff import Diff, diff
from cronsole.model.schedule import Origin, Schedule
from cronsole.model.trigger import CronSpec

A, B, C = (Schedule(name, CronSpec("* * * * *"), description="old") for name in "abc")


def test_each_schedule_is_in_the_group_of_what_becomes_of_it():
    kept = msgspec.structs.replace(A, origin=Origin(line=5))
    changed = msgspec.structs.replace(B, description="new")
    retimed = msgspec.structs.replace(C, trigger=CronSpec("0 * * * *"), description="new")
    gone, come = Schedule("gone", A.trigger), Schedule("come", A.trigger)
    assert diff([A, B, C, gone], [kept, changed, retimed, come]) == Diff(
        added=(come,), changed=(changed,), retimed=(retimed,), removed=(gone,), unchanged=(kept,)
    )


def test_equal_sets_make_an_empty_diff():
    assert diff([A, B], [B, A]).is_empty
    assert not diff([A, B], [B]).is_empty
