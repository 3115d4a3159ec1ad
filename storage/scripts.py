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
"""A commit operation that is not a server command: append to lists within bounds."""
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

-- Drop the oldest entries of a list. Returns its length and size after that.
local function drop(list, count, length, size)
  for _, entry in ipairs(redis.call('LPOP', list, count)) do size = size - #entry end
  return length - count, size
end

-- Append `entries` to a list of at most `most` entries and `bytes` bytes, a tenth more until it is
-- cut, and of no entry from before `from`, if that is given; the newest entry stays. A list that is
-- written no more ends after `kept` seconds or a sixteenth later, if those are given. `known` has
-- its length, its size, and when (epoch seconds) its end was set. Returns the next `known`.
local function append(list, known, most, bytes, from, kept, now, entries)
  local length, added = redis.call('RPUSH', list, unpack(entries)), 0
  for _, entry in ipairs(entries) do added = added + #entry end
  local before, size, set_at = string.match(known, '^(%d+) (%d+) ?(%d*)$')
  size = (tonumber(size) or 0) + added
  if (tonumber(before) or 0) + #entries ~= length then  -- some was written without its size
    redis.call('LTRIM', list, -most, -1)
    length, size, set_at = math.min(length, most), 0, nil
    for start = 0, length - 1, {MEASURED_AT_ONCE} do
      local stop = start + {MEASURED_AT_ONCE - 1}
      for _, entry in ipairs(redis.call('LRANGE', list, start, stop)) do size = size + #entry end
    end
  end
  if length > most + most / 10 then length, size = drop(list, length - most, length, size) end
  if size > bytes + bytes / 10 then
    while size > bytes and length > 1 do
      local share = math.floor(length * (size - bytes) / size)
      share = math.max(1, math.min(share, length - 1, {MEASURED_AT_ONCE}))
      length, size = drop(list, share, length, size)
    end
  end
  if from ~= '' then
    while length > 1 do
      local at = string.match(redis.call('LINDEX', list, 0), '"at":"([^"]*)"')
      if not at or at >= from then break end
      length, size = drop(list, 1, length, size)
    end
  end
  if kept == 0 then return length .. ' ' .. size end
  set_at = tonumber(set_at)
  if not set_at or now < set_at or now - set_at > kept / 16 then
    redis.call('EXPIRE', list, kept + math.floor(kept / 16))
    set_at = now
  end
  return length .. ' ' .. size .. ' ' .. set_at
end

-- Append to lists of one entity, each of which is given once, and write fields of its hash, which
-- has what is known of each list.
local function push(hash, lists, written)
  local fields = {{}}
  for i, list in ipairs(lists) do fields[i] = list[2] end
  for i, known in ipairs(redis.call('HMGET', hash, unpack(fields))) do
    written[#written + 1] = fields[i]
    written[#written + 1] = append(KEYS[lists[i][1]], known or '', unpack(lists[i], 3))
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
-- The server's replication id. It changes at each start and each fail-over, when acknowledged
-- writes can be lost, and now and then without a cause.
local replication_id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
if not replication_id then return redis.error_reply('INFO replication has no master_replid') end
"""

CLAIM = _script(f"""
-- KEYS: an entity's hash, its results, its outbox. ARGV: the new owner's token, seconds that a
-- claim of nothing is kept, another epoch, how many numbers of effects to leave out. The last two
-- are for what was claimed under another replication id: events and effects may be lost, and
-- nothing may be numbered like them. Returns all that a host holds of the entity.
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
-- KEYS: the last id given out in a kind, the replication id of the server that gave it. ARGV: how
-- many are wanted, how many to skip under another one: those that were given out and are lost.
-- Returns the last one. Only the first ids that there ever were are given out again where all
-- knowledge of them is lost.
{_REPLICATION_ID}
local before = redis.call('GET', KEYS[2])
if before ~= replication_id then
  redis.call('SET', KEYS[2], replication_id)
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
-- KEYS: when all of a client's guesses will be earned again. ARGV: how many guesses (-1: one
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
