-- The slot ring of ring.rs inside Redis, with leases for calls in flight. The only clock is TIME.
-- Loaded as a function library, or, where there are none, run by EVALSHA: function.rs adds the few
-- lines at the end that differ.
--
-- A ring is a hash: s = sum, h = oldest retained slot, l = latest time acted upon, g = geometry
-- (SPANxSLOTS), and one field per slot. INVARIANT: slots lie in [h, h + k] and add up to s.

local GREATEST = 9007199254740991
local NEVER = -1
local SOON = 1000

-- tostring() keeps 14 digits only
local function int(n) return string.format('%.0f', n) end

local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function names(from, to)
  local list = {}
  for slot = from, to do list[#list + 1] = int(slot) end
  return list
end

local function names_of(slots)
  local list = {}
  for i, slot in ipairs(slots) do list[i] = int(slot) end
  return list
end

-- Sum and head are written in the very call that deletes slots, also when it then refuses: a sum that
-- outlives its slots refuses for ever.
local function evict(ring, span, k)
  local oldest = math.floor(ring.now / span) - k
  if not ring.head or ring.head >= oldest then return end
  local gone = names(ring.head, math.min(oldest - 1, ring.head + k))
  for _, cost in ipairs(redis.call('HMGET', ring.key, unpack(gone))) do
    if cost then ring.sum = ring.sum - tonumber(cost) end
  end
  redis.call('HDEL', ring.key, unpack(gone))
  ring.head = oldest
  redis.call('HSET', ring.key, 's', int(ring.sum), 'h', int(oldest), 'l', int(ring.now))
end

-- Another geometry takes the sum over into the present slot: late, never early.
local function take_over(ring, span, k)
  local was = names(ring.head, ring.head + k)
  redis.call('HDEL', ring.key, unpack(was))
  ring.head = math.floor(ring.now / ring.span)
  if ring.sum > 0 then redis.call('HSET', ring.key, int(ring.head), int(ring.sum)) end
  redis.call('HSET', ring.key, 's', int(ring.sum), 'h', int(ring.head), 'l', int(ring.now), 'g', ring.geometry)
  redis.call('PEXPIRE', ring.key, int(2 * (ring.k + 1) * ring.span))
end

local function open(key, span, k, now)
  local f = redis.call('HMGET', key, 's', 'h', 'l', 'g')
  local ring = {
    key = key, span = span, k = k, geometry = int(span) .. 'x' .. int(k),
    sum = tonumber(f[1] or 0), head = f[2] and tonumber(f[2]), asked = now,
    now = math.max(now, tonumber(f[3] or 0)),
  }
  local was_span, was_k = span, k
  if f[4] then
    local a, b = string.match(f[4], '^(%d+)x(%d+)$')
    was_span, was_k = tonumber(a), tonumber(b)
  end
  evict(ring, was_span, was_k)
  if ring.head and (was_span ~= span or was_k ~= k) then take_over(ring, was_span, was_k) end
  return ring
end

local function wait(ring, cost, max)
  if cost > max then return NEVER end
  local left = ring.sum
  local first = ring.head
  local held = redis.call('HMGET', ring.key, unpack(names(first, first + ring.k)))
  for i = 1, #held do
    if held[i] then
      left = left - tonumber(held[i])
      if left + cost <= max then
        return math.max(0, (first + i - 1 + ring.k + 1) * ring.span - ring.asked)
      end
    end
  end
  return NEVER
end

local function add(ring, cost)
  local slot = math.floor(ring.now / ring.span)
  cost = math.min(cost, GREATEST - ring.sum)
  if cost > 0 then
    ring.sum = ring.sum + cost
    ring.head = ring.head or slot
    redis.call('HINCRBY', ring.key, int(slot), int(cost))
    redis.call('HSET', ring.key, 's', int(ring.sum), 'h', int(ring.head), 'l', int(ring.now), 'g', ring.geometry)
    redis.call('PEXPIRE', ring.key, int(2 * (ring.k + 1) * ring.span))
  end
  return slot
end

local function hold(key, now, lease, call)
  redis.call('ZADD', key, int(now + lease), call)
  redis.call('PEXPIRE', key, int(2 * lease))
end

-- Whether a limit in shadow would refuse: looked at before anything is charged, and never charged.
local function is_over(key, now, call, span, k, cost, max)
  if span == 0 then
    local busy = redis.call('ZCOUNT', key, '(' .. int(now), '+inf')
    return busy >= max and not redis.call('ZSCORE', key, call)
  end
  return open(key, span, k, now).sum + cost > max
end

-- Taken back with a version that the bundle is older than. What is no number is newer than any.
local function is_news(version, held)
  local taken = tonumber(version)
  return not taken or not (taken <= tonumber(held))
end

-- Budgets of long windows and of costs are counted from the records where this Redis knows nothing of an organisation:
-- until that is done its epoch has no such end, and they are charged nothing.
local TOLD = '+'

local function is_told(epoch) return string.sub(epoch, -1) == TOLD end

local function epoch_of(key, fresh)
  local epoch = redis.call('GET', key)
  if epoch then return epoch end
  redis.call('SET', key, fresh)
  return fresh
end

-- KEYS: revocations, epoch, one per charge, one per limit in shadow.
-- ARGV: an epoch to use if there is none, grant field, server field, version of the bundle, call, lease, how many
--       limits are in shadow, which charge is the first that waits for the records (from 1, 0: none), then per charge and per limit in shadow: span (0: calls in flight), k, cost, max.
-- Answer: {0, now, epoch, slot, sum, ..., over (0 or 1), ...} passed; {1, now, epoch, index, wait, sum, ...} refused;
--         {2, now, epoch, which} revoked: 1 organisation, 2 grant, 3 server; {3, now, epoch, index} not told yet.
local function charge(keys, args)
  local now = clock()
  local epoch = epoch_of(keys[2], args[1])
  for which, value in ipairs(redis.call('HMGET', keys[1], 'kill', args[2], args[3])) do
    if value and is_news(value, args[4]) then return {2, now, epoch, which} end
  end

  local waits = tonumber(args[8])
  if waits > 0 and not is_told(epoch) then return {3, now, epoch, waits - 1} end

  local call, lease = args[5], tonumber(args[6])
  local last = #keys - tonumber(args[7])
  local charges, worst, longest = {}, nil, nil
  for i = 3, last do
    local at = 9 + (i - 3) * 4
    local c = { cost = tonumber(args[at + 2]), max = tonumber(args[at + 3]) }
    local span = tonumber(args[at])
    local delay
    if span == 0 then
      redis.call('ZREMRANGEBYSCORE', keys[i], '-inf', int(now))
      c.sum = redis.call('ZCARD', keys[i])
      if c.sum >= c.max and not redis.call('ZSCORE', keys[i], call) then
        delay = c.max == 0 and NEVER or SOON
      end
    else
      c.ring = open(keys[i], span, tonumber(args[at + 1]), now)
      c.sum = c.ring.sum
      if c.ring.sum + c.cost > c.max then delay = wait(c.ring, c.cost, c.max) end
    end
    if delay and (not worst or (longest ~= NEVER and (delay == NEVER or delay > longest))) then
      worst, longest = i - 3, delay
    end
    charges[#charges + 1] = c
  end

  local answer
  if worst then
    answer = {1, now, epoch, worst, longest}
    for _, c in ipairs(charges) do answer[#answer + 1] = c.sum end
    return answer
  end
  local over = {}
  for i = last + 1, #keys do
    local at = 9 + (i - 3) * 4
    local span, k, cost, max = tonumber(args[at]), tonumber(args[at + 1]), tonumber(args[at + 2]), tonumber(args[at + 3])
    over[#over + 1] = is_over(keys[i], now, call, span, k, cost, max) and 1 or 0
  end
  answer = {0, now, epoch}
  for i, c in ipairs(charges) do
    if c.ring then
      answer[#answer + 1] = add(c.ring, c.cost)
      answer[#answer + 1] = c.ring.sum
    else
      hold(keys[i + 2], now, lease, call)
      answer[#answer + 1] = 0
      answer[#answer + 1] = c.sum + 1
    end
  end
  for _, one in ipairs(over) do answer[#answer + 1] = one end
  return answer
end

-- KEYS: the mark that this call was refunded, one per ring. ARGV: life of the mark, then per ring:
-- span, k, slot, cost. Answer: 1, or 0 when it had been refunded before.
local function refund(keys, args)
  if not redis.call('SET', keys[1], '1', 'NX', 'PX', args[1]) then return 0 end
  for i = 2, #keys do
    local at = 2 + (i - 2) * 4
    local f = redis.call('HMGET', keys[i], 's', 'g', args[at + 2])
    -- a slot number means nothing in another geometry, and a slot that has left gives nothing
    if f[3] and f[2] == args[at] .. 'x' .. args[at + 1] then
      local given = math.min(tonumber(args[at + 3]), tonumber(f[3]))
      redis.call('HSET', keys[i], args[at + 2], int(tonumber(f[3]) - given), 's', int(tonumber(f[1]) - given))
    end
  end
  return 1
end

-- Charges what was let through while this Redis could not be asked: it happened, so it may exceed.
-- KEYS: rings. ARGV per ring: span, k, cost. Answer: the sums.
local function post(keys, args)
  local now, answer = clock(), {}
  for i, key in ipairs(keys) do
    local at = 1 + (i - 1) * 3
    local ring = open(key, tonumber(args[at]), tonumber(args[at + 1]), now)
    add(ring, tonumber(args[at + 2]))
    answer[i] = ring.sum
  end
  return answer
end

-- Who has the organisation's budgets counted from the records: one at a time.
-- KEYS: epoch, lock. ARGV: an epoch to use if there is none, who asks, for how long.
-- Answer: {epoch, 1 if that was done in this epoch, 1 if the asker is the one}.
local function lead(keys, args)
  local epoch = epoch_of(keys[1], args[1])
  local is_leader = redis.call('SET', keys[2], args[2], 'NX', 'PX', args[3])
  return {epoch, is_told(epoch) and 1 or 0, is_leader and 1 or 0}
end

-- What the records say of one ring, by its slots. A slot of another geometry counts where it ended: late, never early.
local function told_by_slot(ring, k, args, at, many)
  local present = math.floor(ring.now / ring.span)
  local by_slot, slots, total = {}, {}, 0
  for i = 1, many do
    local slot = math.min(math.floor(tonumber(args[at + 2 * i - 2]) / ring.span), present)
    if slot >= present - k then
      if not by_slot[slot] then
        by_slot[slot] = 0
        slots[#slots + 1] = slot
      end
      by_slot[slot] = by_slot[slot] + tonumber(args[at + 2 * i - 1])
      total = total + tonumber(args[at + 2 * i - 1])
    end
  end
  table.sort(slots, function(a, b) return a > b end)
  return by_slot, slots, math.min(total, GREATEST)
end

-- Raises rings to what the records say was used, the newest slots first, and never lowers one.
-- KEYS: epoch, rings. ARGV: the epoch that is meant, 1 if this was all, then per ring: span, k, how many slots, and of
-- each its last millisecond and its cost. Answer: what was added; -1 in another epoch, where nothing is written.
local function raise(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then return -1 end
  local now, at, added = clock(), 3, 0
  for i = 2, #keys do
    local span, k, many = tonumber(args[at]), tonumber(args[at + 1]), tonumber(args[at + 2])
    local geometry = redis.call('HGET', keys[i], 'g')
    if geometry then
      local a, b = string.match(geometry, '^(%d+)x(%d+)$')
      span, k = tonumber(a), tonumber(b)
    end
    local ring = open(keys[i], span, k, now)
    local by_slot, slots, total = told_by_slot(ring, k, args, at + 3, many)
    local missing = total - ring.sum
    if missing > 0 then
      local held = redis.call('HMGET', ring.key, unpack(names_of(slots)))
      for n, slot in ipairs(slots) do
        local more = math.min(missing, by_slot[slot] - tonumber(held[n] or 0))
        if more > 0 then
          redis.call('HINCRBY', ring.key, int(slot), int(more))
          ring.sum, ring.head = ring.sum + more, math.min(ring.head or slot, slot)
          missing, added = missing - more, added + more
        end
      end
      redis.call('HSET', ring.key, 's', int(ring.sum), 'h', int(ring.head), 'l', int(ring.now), 'g', ring.geometry)
      redis.call('PEXPIRE', ring.key, int(2 * (ring.k + 1) * ring.span))
    end
    at = at + 3 + 2 * many
  end
  if args[2] == '1' and not is_told(args[1]) then redis.call('SET', keys[1], args[1] .. TOLD) end
  return added
end

-- Who has records that the control plane lacks says so, again and again: nobody counts from them meanwhile.
-- KEYS: since when this Redis knows anything, who is behind. ARGV: who asks, 1 if behind, for how long that counts.
-- Answer: {how long this Redis knows something, how many others are behind}.
local function muster(keys, args)
  local now = clock()
  local since = tonumber(redis.call('GET', keys[1]) or now)
  if since >= now then
    since = now
    redis.call('SET', keys[1], int(now))
  end
  redis.call('ZREMRANGEBYSCORE', keys[2], '-inf', int(now))
  if args[2] == '1' then
    redis.call('ZADD', keys[2], int(now + tonumber(args[3])), args[1])
    redis.call('PEXPIRE', keys[2], int(2 * tonumber(args[3])))
  else
    redis.call('ZREM', keys[2], args[1])
  end
  local others = redis.call('ZCARD', keys[2])
  if args[2] == '1' then others = others - 1 end
  return {now - since, others}
end

-- KEYS: leases. ARGV: lease, then the call of each.
local function renew(keys, args)
  local now = clock()
  for i, key in ipairs(keys) do hold(key, now, tonumber(args[1]), args[i + 1]) end
  return #keys
end

-- KEYS: leases. ARGV: the call of each.
local function release(keys, args)
  for i, key in ipairs(keys) do redis.call('ZREM', key, args[i]) end
  return #keys
end

-- KEYS: the stream of what was taken back. ARGV: the entry that was read last, how many are wanted.
-- Answer: {the newest entry's name, {name, {field, value, ...}}, ...}; no name where there is none.
local function news(keys, args)
  local newest = redis.call('XREVRANGE', keys[1], '+', '-', 'COUNT', 1)
  local answer = { newest[1] and newest[1][1] or '' }
  local read = redis.call('XREAD', 'COUNT', args[2], 'STREAMS', keys[1], args[1])
  for _, stream in ipairs(read or {}) do
    for _, entry in ipairs(stream[2]) do answer[#answer + 1] = entry end
  end
  return answer
end
