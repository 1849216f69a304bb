#!lua name=@library@

-- KEYS of a task: 1 task (hash), 2 journal (hash), 3 events (stream). They share a hash tag.
-- A connection may be lost between an effect and its answer, and the client then sends the same
-- call again: every function below answers a second copy as it answered the first.

-- The log is for watching; what must not be lost is in the journal. So the log is bounded.
local EVENTS_KEPT = 10000

-- A status takes the client one read instead of two.
local OK = {ok = 'ok'}

local function now()
  local time = redis.call('TIME')
  return time[1] .. '.' .. string.format('%06d', time[2])
end

local function emit(keys, kind, path, at, data)
  local number = redis.call('HINCRBY', keys[1], 'events', 1)
  redis.call('XADD', keys[3], 'MAXLEN', '~', EVENTS_KEPT, number .. '-0',
    'kind', kind, 'path', path, 'at', at, 'data', data)
  return number
end

local function is_final(state)
  return state == 'succeeded' or state == 'failed'
end

-- Why a write of this epoch is refused; nothing where it is welcome.
local function refusal(keys, epoch)
  local task = redis.call('HMGET', keys[1], 'state', 'epoch')
  if not task[1] then return 'gone' end
  if task[2] ~= epoch then return 'stale ' .. task[2] end
  if task[1] ~= 'running' then return 'state ' .. task[1] end
  return nil
end

local function history(keys)
  return {redis.call('HGETALL', keys[1]), redis.call('HGETALL', keys[2])}
end

-- The one place that ends a task: all its keys expire at the same millisecond.
local function end_task(keys, state, err, retention)
  local at = now()
  redis.call('HSET', keys[1], 'state', state, 'finished_at', at)
  if err ~= '' then redis.call('HSET', keys[1], 'error', err) end
  emit(keys, 'task.' .. state, '', at, err == '' and '{}' or err)
  local gone_at = math.floor((tonumber(at) + tonumber(retention)) * 1000)
  for _, key in ipairs(keys) do
    redis.call('PEXPIREAT', key, string.format('%.0f', gone_at))
  end
end

-- args: token of this call, then field, value, field, value ...
local function create(keys, args)
  local known = redis.call('HMGET', keys[1], 'created_by', 'state')
  if known[1] == args[1] then return 'created' end
  if known[1] then return 'exists ' .. known[2] end
  local at = now()
  redis.call('HSET', keys[1], 'created_by', args[1], 'state', 'queued', 'epoch', 0,
    'deliveries', 0, 'created_at', at, unpack(args, 2))
  emit(keys, 'task.queued', '', at, '{}')
  return 'created'
end

-- args: token of this call, delivery limit, error over the limit, retention in seconds
local function claim(keys, args)
  local task = redis.call('HMGET', keys[1], 'state', 'epoch', 'deliveries', 'claimed_by')
  local state, epoch, deliveries = task[1], tonumber(task[2]), tonumber(task[3])
  if not state then return 'unknown' end
  if is_final(state) then return 'over' end
  if task[4] == args[1] then return history(keys) end
  -- The epoch rises in both cases, so that a former owner that still lives is refused.
  redis.call('HSET', keys[1], 'epoch', epoch + 1, 'claimed_by', args[1])
  if deliveries >= tonumber(args[2]) then
    end_task(keys, 'failed', args[3], args[4])
    return 'over'
  end
  local at = now()
  redis.call('HSET', keys[1], 'state', 'running', 'deliveries', deliveries + 1)
  redis.call('HSETNX', keys[1], 'started_at', at)
  emit(keys, 'task.running', '', at,
    string.format('{"epoch":%d,"delivery":%d}', epoch + 1, deliveries + 1))
  return history(keys)
end

-- args: epoch, path, started_at, error, changes
-- A journal value is "number epoch started_at finished_at\nerror\nchanges".
local function record(keys, args)
  local field = 's:' .. args[2]
  local before = redis.call('HGET', keys[2], field)
  local refused = refusal(keys, args[1])
  if before and string.match(before, '^%d+ (%d+) ') == args[1] then
    -- A second copy, welcome also when the task has ended meanwhile, but not from a former owner.
    if not refused or string.sub(refused, 1, 5) == 'state' then return OK end
  end
  if refused then return refused end
  local at = now()
  local kind = args[4] == '' and 'step.succeeded' or 'step.failed'
  local data = args[4] == '' and '{"started_at":' .. args[3] .. '}' or args[4]
  local number = emit(keys, kind, args[2], at, data)
  redis.call('HSET', keys[2], field,
    table.concat({number .. ' ' .. args[1] .. ' ' .. args[3] .. ' ' .. at, args[4], args[5]}, '\n'))
  return OK
end

-- args: epoch, path, said ("fraction\nmessage"), the same as JSON
local function report(keys, args)
  local refused = refusal(keys, args[1])
  if refused then return refused end
  local field = 'r:' .. args[2]
  local before = redis.call('HGET', keys[2], field)
  if before and string.gsub(before, '^[^\n]*\n', '', 1) == args[3] then return OK end
  local at = now()
  redis.call('HSET', keys[2], field, at .. '\n' .. args[3])
  emit(keys, 'step.report', args[2], at, args[4])
  return OK
end

-- args: epoch, state, error, retention in seconds
local function finish(keys, args)
  local task = redis.call('HMGET', keys[1], 'state', 'epoch')
  if task[1] == args[2] and task[2] == args[1] then return OK end
  local refused = refusal(keys, args[1])
  if refused then return refused end
  end_task(keys, args[2], args[3], args[4])
  return OK
end

-- KEYS 1: the index of queued tasks. args: task id
local function enlist(keys, args)
  return redis.call('ZADD', keys[1], now(), args[1])
end

-- KEYS 1: the index of queued tasks. args: how many; the oldest of them, each with its age in seconds
local function enlisted(keys, args)
  local found = redis.call('ZRANGE', keys[1], 0, args[1] - 1, 'WITHSCORES')
  local at = tonumber(now())
  for place = 2, #found, 2 do
    found[place] = math.floor(at - tonumber(found[place]))
  end
  return found
end

local function reading(name, callback)
  redis.register_function{
    function_name = '@library@_' .. name, callback = callback, flags = {'no-writes'}}
end

redis.register_function('@library@_create', create)
redis.register_function('@library@_claim', claim)
redis.register_function('@library@_record', record)
redis.register_function('@library@_report', report)
redis.register_function('@library@_finish', finish)
redis.register_function('@library@_enlist', enlist)
reading('enlisted', enlisted)
reading('read', history)
