"""The routes, one controller for each noun."""
