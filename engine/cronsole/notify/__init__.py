"""Notifications: a durable outbox, and the channels that take messages out of it."""
