"""The terminal console of Cronsole: it attaches to an engine and shows what runs next, what ran and why."""
