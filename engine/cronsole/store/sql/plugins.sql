-- What plugins remember.

-- name: plugin_state(plugin)
SELECT state FROM plugin_state WHERE plugin = :plugin;

-- name: keep_plugin_state(plugin, state, updated_at)!
INSERT INTO plugin_state (plugin, state, updated_at)
VALUES (:plugin, :state, :updated_at)
ON CONFLICT (plugin) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at;
