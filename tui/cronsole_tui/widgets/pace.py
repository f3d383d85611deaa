"""When a frame may go: the answer to a key at once, a held key and ticking clocks at a measured pace."""

# In any second at most as many frames as both together.
_FRAMES_PER_S = 11
_FRAMES_AT_ONCE = 4
# What nobody asked for leaves this much of them, so that an answer does not wait for a clock that has just ticked.
_KEPT_FOR_ANSWERS = 1


class Pace:
    """Frames are paid with what has gathered since the last ones; all moments are of one clock that never goes back."""

    def __init__(self, now: float) -> None:
        self._saved = float(_FRAMES_AT_ONCE)
        self._seen_at = now
        self._is_asked = self._is_answer = False

    def asked(self) -> None:
        """A person did something: the frame that is drawn next is the answer."""
        self._is_asked = True

    def drawn(self) -> None:
        """A frame is ready to go."""
        self._is_answer, self._is_asked = self._is_answer or self._is_asked, False

    def wait_s(self, now: float) -> float:
        """Return how long the frame that is ready has to wait; 0 where it may go."""
        self._gather(now)
        missing = 1 + (0 if self._is_answer else _KEPT_FOR_ANSWERS) - self._saved
        return max(0.0, missing / _FRAMES_PER_S)

    def sent(self, now: float) -> None:
        """A frame has gone out."""
        self._gather(now)
        self._saved = max(0.0, self._saved - 1)
        self._is_answer = False

    def _gather(self, now: float) -> None:
        self._saved = min(_FRAMES_AT_ONCE, self._saved + (now - self._seen_at) * _FRAMES_PER_S)
        self._seen_at = now
