"""When: pure functions from an instant to the next instant."""
