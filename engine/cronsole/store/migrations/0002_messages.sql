-- Messages that are told elsewhere. A row of the outbox is one message on its way to one channel; it goes when the
-- channel has taken it, and stays with `failed_at` when it was given up.

CREATE TABLE outbox (
    message_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    message TEXT NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    failed_at BIGINT,
    detail TEXT NOT NULL,
    PRIMARY KEY (message_id, channel)
) /* sqlite: WITHOUT ROWID */;

CREATE INDEX outbox_pending ON outbox (channel, due_at, message_id) WHERE failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (failed_at) WHERE failed_at IS NOT NULL;

-- What was told to channels of type memory, newest last.
CREATE TABLE memory (
    entry INTEGER PRIMARY KEY /* postgres: GENERATED ALWAYS AS IDENTITY */,
    channel TEXT NOT NULL,
    message_id TEXT NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (channel, message_id)
);

CREATE INDEX memory_channel ON memory (channel, entry);
