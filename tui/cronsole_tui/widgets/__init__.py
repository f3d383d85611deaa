"""Widgets draw the lines that views make, and nothing else."""
