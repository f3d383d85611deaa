"""Plugins: one contract, carried by Python modules, by processes, and by gRPC."""
