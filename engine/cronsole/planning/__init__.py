"""Which slots are owed and what becomes of them: pure functions over model and triggers, handed `now`."""
