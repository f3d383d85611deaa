"""Files to model, with a place for every fault."""
