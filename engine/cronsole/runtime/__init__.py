"""The running engine: it reads the clock, asks planning, commits to the ledger, starts runs and tells the bus."""
