"""One script for each figure that the house has promised; `python -m benchmarks` prints them all."""
