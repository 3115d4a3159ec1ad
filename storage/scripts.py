"""The Lua scripts that the store executes, each atomically.

KEYS contains every key that a script uses, and all of them have the same hash tag.
"""

from hashlib import sha1
from typing import NamedTuple


class Script(NamedTuple):
    """A script, and the digest by which a server that has it can execute it."""

    source: str
    digest: str


def _script(source: str) -> Script:
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


PUSH = "PUSH"
"""A commit operation that is not a server command: append to lists within bounds."""
MEASURED_AT_ONCE = 100
"""Number of entries that are read or removed at a time."""

COMMIT = _script(f"""
-- KEYS: n entity hashes, then the other keys of the operations. ARGV[1], as MessagePack:
-- {{"owners": n fencing tokens, "operations": [[name, index of the key, argument, ...], ...]}}.
-- All tokens are checked before anything is written: each must be the entity's current one. If it
-- is empty, the entity must not exist. The operations write the next tokens.
-- Returns 0, or the index of the first entity whose token is not current; nothing is written then.
local plan = cmsgpack.unpack(ARGV[1])

-- Drop the oldest entries of a list. Returns the new length and the new size in bytes.
local function drop(list, count, length, size)
  for _, entry in ipairs(redis.call('LPOP', list, count)) do size = size - #entry end
  return length - count, size
end

-- Append `entries` to a list, and drop its oldest entries: those beyond `max_length` entries or
-- `max_size` bytes, once it exceeds them by a tenth, and those older than `since`, unless that is
-- ''. The newest entry is never dropped. `measure` is 'length size set_at': the list's entries and
-- bytes before, and when its expiry was last set (epoch seconds). The list expires between `ttl`
-- and ttl * 17/16 seconds after its last entry, or never if `ttl` is 0. Returns the new measure.
local function append(list, measure, max_length, max_size, since, ttl, now, entries)
  local length, added = redis.call('RPUSH', list, unpack(entries)), 0
  for _, entry in ipairs(entries) do added = added + #entry end
  local before, size, set_at = string.match(measure, '^(%d+) (%d+) ?(%d*)$')
  size = (tonumber(size) or 0) + added
  if (tonumber(before) or 0) + #entries ~= length then  -- no measure, or the list has expired
    redis.call('LTRIM', list, -max_length, -1)
    length, size, set_at = math.min(length, max_length), 0, nil
    for start = 0, length - 1, {MEASURED_AT_ONCE} do
      local stop = start + {MEASURED_AT_ONCE - 1}
      for _, entry in ipairs(redis.call('LRANGE', list, start, stop)) do size = size + #entry end
    end
  end
  if length > max_length + max_length / 10 then
    length, size = drop(list, length - max_length, length, size)
  end
  if size > max_size + max_size / 10 then
    while size > max_size and length > 1 do
      local share = math.floor(length * (size - max_size) / size)
      share = math.max(1, math.min(share, length - 1, {MEASURED_AT_ONCE}))
      length, size = drop(list, share, length, size)
    end
  end
  if since ~= '' then
    while length > 1 do
      local at = string.match(redis.call('LINDEX', list, 0), '"at":"([^"]*)"')
      if not at or at >= since then break end
      length, size = drop(list, 1, length, size)
    end
  end
  if ttl == 0 then return length .. ' ' .. size end
  set_at = tonumber(set_at)
  if not set_at or now < set_at or now - set_at > ttl / 16 then
    redis.call('EXPIRE', list, ttl + math.floor(ttl / 16))
    set_at = now
  end
  return length .. ' ' .. size .. ' ' .. set_at
end

-- Append to lists of one entity, and write fields of its hash, which also contains the measure of
-- each list. `lists` has [index of the list's key, field of the measure, arguments of append, ...],
-- and no list twice.
local function push(hash, lists, written)
  local fields = {{}}
  for i, list in ipairs(lists) do fields[i] = list[2] end
  for i, measure in ipairs(redis.call('HMGET', hash, unpack(fields))) do
    written[#written + 1] = fields[i]
    written[#written + 1] = append(KEYS[lists[i][1]], measure or '', unpack(lists[i], 3))
  end
  redis.call('HSET', hash, unpack(written))
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
    push(KEYS[operation[2]], operation[3], operation[4])
  else
    redis.call(operation[1], KEYS[operation[2]], unpack(operation, 3))
  end
end
return 0
""")

_REPLICATION_ID = """
-- The server's replication id. It changes with each start and failover, which can lose acknowledged
-- writes, and sometimes without either, such as when a first replica attaches.
local replication_id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if not replication_id then return redis.error_reply('INFO replication has no master_replid') end
"""

CLAIM = _script(f"""
-- KEYS: an entity's hash, its request results, its outbox. ARGV: the new fencing token, the time to
-- live of an entity that does not exist (seconds), a new epoch, how many effect numbers to skip.
-- If the last claim was under another replication id, events and effects may be lost: the entity
-- gets the new epoch and skips effect numbers, so that no number is used twice.
-- Returns the hash, the results and the outbox.
{_REPLICATION_ID}
local version, before = unpack(redis.call('HMGET', KEYS[1], 'version', 'life'))
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'life', replication_id)
if not version then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
elseif before ~= replication_id then
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
-- KEYS: the last number issued in a series, the replication id when one was issued last. ARGV: how
-- many numbers are wanted, how many to skip if the replication id has changed, because issued ones
-- may be lost, how long to keep the counter (seconds, 0: for ever).
-- Returns the last of the new numbers. If both keys are lost, they start at 1 again.
{_REPLICATION_ID}
local before = redis.call('GET', KEYS[2])
if before ~= replication_id then
  redis.call('SET', KEYS[2], replication_id)
  if before or redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCRBY', KEYS[1], ARGV[2]) end
end
local last = redis.call('INCRBY', KEYS[1], ARGV[1])
if ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return last
""")

CLEAR = _script("""
-- Remove delivered entries from an outbox, and update the due index.
-- KEYS: an entity's outbox, the restaurant's due index.
-- ARGV: the entity's member of the index, when its first timer is due or '', the delivered entries.
for i = 3, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
local remaining = redis.call('HKEYS', KEYS[1])
if #remaining == 0 then return redis.call('ZREM', KEYS[2], ARGV[1]) end
for _, entry in ipairs(remaining) do
  -- An effect is due already. A commit may have added it after the caller's read.
  if string.sub(entry, 1, 2) == 'e:' then return 0 end
end
if ARGV[2] ~= '' then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1]) end
return 0
""")

JOURNAL = _script("""
-- Returns the frames since + 1 to seq of a channel, or those of them that the journal still has.
-- KEYS: an entity's hash, the channel's journal, whose last frame has the channel's last seq.
-- ARGV: the hash's field with the last seq, since, seq.
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
local since, seq = tonumber(ARGV[2]), tonumber(ARGV[3])
if since >= seq or seq > last then return {} end
return redis.call('LRANGE', KEYS[2], since - last, seq - last - 1)
""")

HISTORY = _script("""
-- KEYS: an entity's hash, its history or audit. ARGV: the maximum number of entries, the position
-- before which they are wanted ('': the newest), the hash's field that counts all entries.
-- Returns the position after the last entry returned, and the entries. Positions count from the
-- first entry that was ever appended.
local total = tonumber(redis.call('HGET', KEYS[1], ARGV[3]) or 0)
local stop = math.min(tonumber(ARGV[2]) or total, total)
local newer = total - stop
return {stop, redis.call('LRANGE', KEYS[2], -newer - ARGV[1], -newer - 1)}
""")

GUESS = _script("""
-- The generic cell rate algorithm (GCRA). KEYS: a client's theoretical arrival time, in
-- milliseconds. ARGV: the number of guesses (-1 takes one back), the interval between guesses in
-- milliseconds, the burst. Returns 1 if the guesses are within the limit, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + ARGV[1] * ARGV[2]
if arrival - now > ARGV[2] * ARGV[3] then return 0 end
if arrival > now then
  redis.call('SET', KEYS[1], arrival, 'PX', arrival - now)
else
  redis.call('DEL', KEYS[1])
end
return 1
""")

LEASE = _script("""
-- Take or extend a lease. KEYS: the lease. ARGV: the holder, the duration in milliseconds.
-- Returns 1 if the holder has the lease now, 0 if another holder has it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
