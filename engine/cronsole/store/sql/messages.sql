-- The outbox, and what memory channels keep.

-- name: post_message!
INSERT INTO outbox (message_id, channel, message, tries, due_at, failed_at, detail)
VALUES (:message_id, :channel, :message, 0, :due_at, NULL, '')
ON CONFLICT DO NOTHING;

-- name: message_sent(message_id, channel)!
DELETE FROM outbox WHERE message_id = :message_id AND channel = :channel;

-- name: message_deferred(message_id, channel, tries, due_at, detail)!
UPDATE outbox SET tries = :tries, due_at = :due_at, detail = :detail
WHERE message_id = :message_id AND channel = :channel AND failed_at IS NULL;

-- name: message_given_up(message_id, channel, tries, at, detail)!
UPDATE outbox SET tries = :tries, failed_at = :at, detail = :detail
WHERE message_id = :message_id AND channel = :channel AND failed_at IS NULL;

-- name: forget_given_up(before)!
DELETE FROM outbox WHERE failed_at < :before;

-- name: remember_message(channel, message_id, message)!
INSERT INTO memory (channel, message_id, message) VALUES (:channel, :message_id, :message)
ON CONFLICT DO NOTHING;

-- name: forget_oldest(channel, kept)!
DELETE FROM memory
WHERE channel = :channel
  AND entry <= (SELECT entry FROM memory WHERE channel = :channel ORDER BY entry DESC LIMIT 1 OFFSET :kept);

-- name: waiting_channels
SELECT channel, MIN(due_at) FROM outbox WHERE failed_at IS NULL GROUP BY channel;

-- name: pending_messages(channel, now, limit)
SELECT message, channel, tries, due_at, failed_at, detail FROM outbox
WHERE failed_at IS NULL AND channel = :channel AND due_at <= :now
ORDER BY due_at, message_id LIMIT :limit;

-- name: failed_messages(limit)
SELECT message, channel, tries, due_at, failed_at, detail FROM outbox
WHERE failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT :limit;

-- name: remembered(channel, limit)
SELECT message FROM memory WHERE channel = :channel ORDER BY entry DESC LIMIT :limit;
