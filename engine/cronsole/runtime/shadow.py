"""Runtime schedules in the shadow of a file: kept in the ledger under an id that no schedule can have.

The ledger holds one definition of each id, the one in force. What a file has put into its shadow would be lost with the
engine's memory otherwise, and could not come back when the file lets go of the id.
"""

import msgspec

from cronsole.model.schedule import Schedule

# No id holds a blank.
_MARK = " "


def shadow_id(schedule_id: str) -> str:
    return f"{_MARK}{schedule_id}"


def is_shadow_id(schedule_id: str) -> bool:
    return schedule_id.startswith(_MARK)


def into_shadow(schedule: Schedule) -> Schedule:
    """Return the schedule as it is kept."""
    return msgspec.structs.replace(schedule, id=shadow_id(schedule.id))


def out_of_shadow(schedule: Schedule) -> Schedule:
    """Return a stored schedule under its own id, whether it was kept in a shadow or not."""
    return msgspec.structs.replace(schedule, id=schedule.id.removeprefix(_MARK))
