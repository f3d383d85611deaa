"""A console in which a programming error strikes: `crashing.py PLACE TARGET`."""

import sys

from cronsole_tui.feed import Feed
from cronsole_tui.opening import open_console
from cronsole_tui.screens.frame import Frame
from cronsole_tui.views import schedule_row


def strike(*_args: object, **_options: object) -> None:
    raise RuntimeError("struck \x1b]52;c;ZXZpbA==\x07 on purpose")


where, target = sys.argv[1:]
match where:
    case "key":
        Frame.do_zone = strike  # type: ignore[method-assign]
    case "feed":
        Feed._note = strike  # type: ignore[method-assign]
    case "row":
        schedule_row.row = strike  # type: ignore[assignment]
open_console([target])
