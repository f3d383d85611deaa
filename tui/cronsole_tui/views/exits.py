"""How a process left, in words."""

# By the numbers that all systems give them; the engine's need not be this one's.
_SIGNALS = {1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 8: "FPE", 9: "KILL", 11: "SEGV", 13: "PIPE", 15: "TERM"}


def left_with(exit_code: int) -> str:
    """Return a code as a shell's user knows it: `exit 1`, and of a process that a signal ended, `SIGTERM`."""
    if exit_code >= 0:
        return f"exit {exit_code}"
    name = _SIGNALS.get(-exit_code)
    return f"SIG{name}" if name else f"signal {-exit_code}"
