-- What a plugin remembers between two calls: one JSON table of at most a megabyte, changed by shallow merges.

CREATE TABLE plugin_state (
    plugin TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
