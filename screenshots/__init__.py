"""The pictures of the console in README and docs: `make screenshots` takes them from a fixed engine at a fixed time."""
