"""The ledger: verdicts, runs and what is remembered of schedules, on SQLite or PostgreSQL."""
