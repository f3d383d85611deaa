"""`python -m benchmarks [--quick]`: the whole table, one figure after another.

The temporary files lie where TMPDIR says: a ledger is as fast as the disk under it.
"""

import os
import sys

from benchmarks import (
    at_rest,
    command_cpu,
    command_line,
    console,
    console_table,
    fire_cpu,
    herd,
    lateness,
    listing,
    load,
    next_fire,
    pages,
    plugin_fire_cpu,
    simulate,
    steady,
)
from benchmarks.table import Row, print_headings, print_rows

_IN_ORDER = (
    next_fire,
    load,
    fire_cpu,
    plugin_fire_cpu,
    lateness,
    herd,
    steady,
    command_cpu,
    at_rest,
    command_line,
    simulate,
    pages,
    listing,
    console_table,
    console,
)


def main() -> None:
    """Print all rows; what else runs on the machine is part of what is measured."""
    quick = "--quick" in sys.argv
    print(f"load of the last minute {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print_headings()
    rows: list[Row] = []
    for script in _IN_ORDER:
        rows += print_rows(script.rows(quick))
    over = sum(1 for row in rows if row.is_reached is False)
    print(f"\n{over} of {len(rows)} figures are over their goals" if over else "\nevery goal is reached")


if __name__ == "__main__":
    main()
