"""What holds for every test."""

import os
import sys

from hypothesis import settings

# The tests start hundreds of processes of ours: each takes the bytecode that the first has compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No test asserts a time, not even that of an example.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
