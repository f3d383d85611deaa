"""The one way to speak to an engine: over its unix socket, over SSH, over HTTPS."""
