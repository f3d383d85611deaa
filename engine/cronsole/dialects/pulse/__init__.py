"""Pulse: schedules that plugins announce over gRPC, and those that they make while they run."""

from cronsole.dialects.pulse.speech import PulseWords

__all__ = ["PulseWords"]
