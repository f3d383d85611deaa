"""Carry out one run each; know nothing of schedules, triggers or the ledger."""
