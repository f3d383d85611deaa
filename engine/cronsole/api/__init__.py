"""The control API: the one door through which an engine is watched and steered."""
