"""The scheduler you can watch: an engine that runs schedules and a ledger of what became of each."""

__version__ = "0.1.0"
