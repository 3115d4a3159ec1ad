"""The scripts that run inside the store, each atomic.

Every key that a script touches is named in KEYS and shares one hash tag.
"""

COMMIT = """
-- KEYS: n entity hashes, then whatever the operations touch.
-- ARGV: n, the n owner tokens, then per operation: name, index of its key, count of arguments,
--       arguments. All owners are checked before anything is written.
-- Returns 0, or the index of the first entity that another claimant owns.
local n = tonumber(ARGV[1])
for i = 1, n do
  if redis.call('HGET', KEYS[i], 'owner') ~= ARGV[i + 1] then return i end
end
local at, last = n + 2, #ARGV
while at <= last do
  local count = tonumber(ARGV[at + 2])
  redis.call(ARGV[at], KEYS[tonumber(ARGV[at + 1])], unpack(ARGV, at + 3, at + 2 + count))
  at = at + 3 + count
end
return 0
"""

CLAIM = """
-- KEYS: an entity's hash, its results, its outbox. ARGV: seconds that a claim of nothing is kept.
-- Raises the owner token and returns all that a host holds of the entity.
redis.call('HINCRBY', KEYS[1], 'owner', 1)
if redis.call('HEXISTS', KEYS[1], 'version') == 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {
  redis.call('HGETALL', KEYS[1]),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('HGETALL', KEYS[3])
}
"""

CLEAR = """
-- KEYS: an entity's outbox, the restaurant's due index.
-- ARGV: the index's member, the next due time or '', then the delivered entries.
redis.call('HDEL', KEYS[1], unpack(ARGV, 3))
if redis.call('HLEN', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[2], ARGV[1])
elseif ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
end
return 0
"""
