"""Breaks one thing in the engine's process, by its name, and then runs the command line: `launcher FAULT engine …`."""

import sys

from tests.crash import crash_points, seeded_bugs, slowness


def main() -> None:
    name, *arguments = sys.argv[1:]
    faults = {**seeded_bugs.BUGS, **crash_points.POINTS, **slowness.SLOWNESS}
    faults[name]()
    from cronsole.cli.main import main as run

    run(arguments)


if __name__ == "__main__":
    main()
