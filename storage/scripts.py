"""The scripts that run inside the store, each atomic.

Every key that a script touches is named in KEYS, and all of them share one hash tag.
"""

from hashlib import sha1
from typing import NamedTuple


class Script(NamedTuple):
    """A script and the digest under which a server remembers it."""

    source: str
    digest: str


def _script(source: str) -> Script:
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


PUSH = "PUSH"
"""A commit operation that is not a server command: append to a list within bounds."""
MEASURED_AT_ONCE = 100
"""Entries of a list that are read at once to measure its size."""

COMMIT = _script(f"""
-- KEYS: n entity hashes, then whatever the operations touch. ARGV[1]: {{"owners": the n tokens,
-- "operations": [[name, index of its key, argument, ...], ...]}}, as MessagePack: one argument to
-- send, with nothing escaped in it. All owners are checked before anything is written; an entity
-- that is gone has none. Where a token is empty, the entity must not exist yet. The operations
-- write the next tokens.
-- Returns 0, or the index of the first entity that another claimant owns.
local plan = cmsgpack.unpack(ARGV[1])

-- Append to a list of at most `most` entries and `bytes` bytes, a tenth more until it is cut, and
-- of no entry from before `from`, if that is given; the newest entry stays. A list that is written
-- no more ends after `kept` seconds, if those are given. The hash's field has its length and size.
local function push(list, hash, field, most, bytes, from, kept, ...)
  local length, added = redis.call('RPUSH', list, ...), 0
  for _, entry in ipairs({{...}}) do added = added + #entry end
  local known, size = string.match(redis.call('HGET', hash, field) or '', '^(%d+) (%d+)$')
  size = (tonumber(size) or 0) + added
  local function drop(count)
    for _, entry in ipairs(redis.call('LPOP', list, count)) do size = size - #entry end
    length = length - count
  end
  if (tonumber(known) or 0) + select('#', ...) ~= length then  -- some was written without its size
    redis.call('LTRIM', list, -most, -1)
    length, size = math.min(length, most), 0
    for start = 0, length - 1, {MEASURED_AT_ONCE} do
      local stop = start + {MEASURED_AT_ONCE - 1}
      for _, entry in ipairs(redis.call('LRANGE', list, start, stop)) do size = size + #entry end
    end
  end
  if length > most + math.floor(most / 10) then drop(length - most) end
  if size > bytes + math.floor(bytes / 10) then
    while size > bytes and length > 1 do
      local share = math.floor(length * (size - bytes) / size)
      drop(math.max(1, math.min(share, length - 1, {MEASURED_AT_ONCE})))
    end
  end
  if from ~= '' then
    while length > 1 do
      local at = string.match(redis.call('LINDEX', list, 0), '"at":"([^"]*)"')
      if not at or at >= from then break end
      drop(1)
    end
  end
  if kept > 0 then redis.call('EXPIRE', list, kept) end
  redis.call('HSET', hash, field, length .. ' ' .. size)
end

for i, owner in ipairs(plan.owners) do
  if owner == '' then
    if redis.call('HEXISTS', KEYS[i], 'version') == 1 then return i end
  elseif redis.call('HGET', KEYS[i], 'owner') ~= owner then
    return i
  end
end
for _, operation in ipairs(plan.operations) do
  if operation[1] == '{PUSH}' then
    push(KEYS[operation[2]], KEYS[operation[3]], unpack(operation, 4))
  else
    redis.call(operation[1], KEYS[operation[2]], unpack(operation, 3))
  end
end
return 0
""")

_LIFE = """
-- A server's life, the name of its replication: another one after each start and each fail-over,
-- which is when writes that were acknowledged can be lost, and now and then without a cause.
local life = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if not life then return redis.error_reply('INFO replication has no master_replid') end
"""

CLAIM = _script(f"""
-- KEYS: an entity's hash, its results, its outbox. ARGV: the new owner's token, seconds that a
-- claim of nothing is kept, another epoch, how many numbers of effects to leave out. The last two
-- are for what was claimed in another life of the server: events and effects may be lost, and
-- nothing may be numbered like them. Returns all that a host holds of the entity.
{_LIFE}
local version, before = unpack(redis.call('HMGET', KEYS[1], 'version', 'life'))
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'life', life)
if not version then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
elseif before ~= life then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[3])
  redis.call('HINCRBY', KEYS[1], 'effects', ARGV[4])
end
return {{
  redis.call('HGETALL', KEYS[1]),
  redis.call('LRANGE', KEYS[2], 0, -1),
  redis.call('HGETALL', KEYS[3])
}}
""")

RESERVE = _script(f"""
-- KEYS: the last id given out in a kind, the life of the server that gave it. ARGV: how many are
-- wanted, how many to leave out in another life: those that were given out and are forgotten.
-- Returns the last one. Only the first ids that there ever were are given out again where all
-- knowledge of them is lost.
{_LIFE}
local before = redis.call('GET', KEYS[2])
if before ~= life then
  redis.call('SET', KEYS[2], life)
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[2]) end
end
return redis.call('INCRBY', KEYS[1], ARGV[1])
""")

CLEAR = _script("""
-- KEYS: an entity's outbox, the restaurant's due index.
-- ARGV: the index's member, the next due time or '', then the delivered entries.
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
local left = redis.call('HKEYS', KEYS[1])
if #left == 0 then return redis.call('ZREM', KEYS[2], ARGV[1]) end
for _, entry in ipairs(left) do
  -- An effect is due already. A commit may have added it after the caller looked.
  if string.sub(entry, 1, 2) == 'e:' then return 0 end
end
if ARGV[2] ~= '' then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1]) end
return 0
""")

JOURNAL = _script("""
-- KEYS: an entity's hash, the journal of a channel. ARGV: the hash's field with the last seq, then
-- the seqs after which and up to which frames are wanted. The newest frame is the last seq's.
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
local since, seq = tonumber(ARGV[2]), tonumber(ARGV[3])
if since >= seq or seq > last then return {} end
return redis.call('LRANGE', KEYS[2], since - last, seq - last - 1)
""")

HISTORY = _script("""
-- KEYS: an entity's hash, its history or its audit. ARGV: how many events, before which ('': the
-- newest), and the hash's field that counts them.
-- Returns the position after the last event, counted from the very first, and the events.
local total = tonumber(redis.call('HGET', KEYS[1], ARGV[3]) or 0)
local stop = math.min(tonumber(ARGV[2]) or total, total)
local newer = total - stop
return {stop, redis.call('LRANGE', KEYS[2], -newer - ARGV[1], -newer - 1)}
""")

GUESS = _script("""
-- KEYS: when all that somebody has guessed will be earned again. ARGV: how many guesses (-1: one
-- that did not count), milliseconds in which one is earned, how many there may be at once.
-- Returns whether there may be so many more (the generic cell rate algorithm).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local earned = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + ARGV[1] * ARGV[2]
if earned - now > ARGV[2] * ARGV[3] then return 0 end
if earned > now then
  redis.call('SET', KEYS[1], earned, 'PX', earned - now)
else
  redis.call('DEL', KEYS[1])
end
return 1
""")

LEASE = _script("""
-- KEYS: the lease. ARGV: who wants it, for how many milliseconds. Returns whether they have it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
