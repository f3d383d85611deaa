-- Who did what, and the keys under which they asked. Entries are found by the field that says most: a target has
-- fewer of them than an actor, and an actor fewer than a verb.

-- name: add_audit!
INSERT INTO audit (at, actor, verb, target, detail) VALUES (:at, :actor, :verb, :target, :detail);

-- name: audit_of_target
SELECT at, actor, verb, target, detail, entry FROM audit
WHERE target = :target AND entry < :before AND (:actor = '' OR actor = :actor) AND (:verb = '' OR verb = :verb)
ORDER BY entry DESC LIMIT :limit;

-- name: audit_of_actor
SELECT at, actor, verb, target, detail, entry FROM audit
WHERE actor = :actor AND entry < :before AND (:verb = '' OR verb = :verb)
ORDER BY entry DESC LIMIT :limit;

-- name: audit_of_verb
SELECT at, actor, verb, target, detail, entry FROM audit
WHERE verb = :verb AND entry < :before
ORDER BY entry DESC LIMIT :limit;

-- name: audit_of_all
SELECT at, actor, verb, target, detail, entry FROM audit WHERE entry < :before ORDER BY entry DESC LIMIT :limit;

-- name: use_key!
INSERT INTO used_keys (actor, used_key, digest, result, at) VALUES (:actor, :used_key, :digest, :result, :at)
ON CONFLICT DO NOTHING;

-- name: key_used^
SELECT actor, used_key, digest, result, at FROM used_keys WHERE actor = :actor AND used_key = :used_key;

-- name: forget_keys(before, limit)!
DELETE FROM used_keys
WHERE (actor, used_key) IN (SELECT actor, used_key FROM used_keys WHERE at < :before ORDER BY at LIMIT :limit);
