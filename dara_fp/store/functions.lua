#!lua name=@library@

-- KEYS of a task: 1 task (hash), 2 journal (hash), 3 events (stream). They share a hash tag.
-- KEYS of the fleet begin with the prefix, which is an argument where they are used:
--   :ready:<workflow>  tasks that may be claimed, by their age
--   :leaving:<workflow>  the same, of tasks that only take back what they did: no limit holds them
--   :aside:<workflow>:<owner>  tasks whose owner has as many running as allowed, by their age
--   :blocked:<owner>   the workflows of these
--   :fleet             counters: ready, leaving, queued, tickets, w:<workflow>, o:<owner>
--   :alive             workers, by the time of their last sign of life
--   :runs:<worker>     tasks that it runs
--   :calls             tasks that run, by the call that claimed them
--   :due               parked tasks, by the time they are woken at
--   :cancelling        running tasks that are to be cancelled
--   :tasks, :gone      all tasks by their age, and final ones by the time they expire at
-- A connection may be lost between an effect and its answer, and the client then sends the same
-- call again: every function below changes nothing at a second copy, and answers it alike, but for
-- the tickets to put, which a look makes up for, and `signal`, which then says that it is known.

-- The log is for watching; what must not be lost is in the journal. So the log is bounded.
local EVENTS_KEPT = 10000
-- So many tickets wait for a free worker at most; each worker that takes one asks for the next.
local TICKETS = 32
-- A call looks at so many tasks at most, since the server does nothing else meanwhile.
local LOOKS = 1000

local OK = {ok = 'ok'}

local function now()
  local time = redis.call('TIME')
  return time[1] .. '.' .. string.format('%06d', time[2])
end

local function keys_of(prefix, id)
  local start = prefix .. ':{' .. id .. '}:'
  return {start .. 'task', start .. 'journal', start .. 'events'}
end

local function append(keys, number, kind, path, at, data)
  redis.call('XADD', keys[3], 'MAXLEN', '~', EVENTS_KEPT, number .. '-0',
    'kind', kind, 'path', path, 'at', at, 'data', data)
end

local function emit(keys, kind, path, at, data)
  append(keys, redis.call('HINCRBY', keys[1], 'events', 1), kind, path, at, data)
end

local function is_final(state)
  return state == 'succeeded' or state == 'failed' or state == 'cancelled'
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

-- Counters of the fleet, which are absent while they are 0.
local function counted(prefix, field)
  return tonumber(redis.call('HGET', prefix .. ':fleet', field) or 0)
end

local function count(prefix, field, by)
  local key = prefix .. ':fleet'
  if redis.call('HINCRBY', key, field, by) <= 0 then redis.call('HDEL', key, field) end
end

-- Whether one more ticket has to be put: for every ready task there is one, up to the bound.
local function ticket_needed(prefix)
  local found = redis.call('HMGET', prefix .. ':fleet', 'ready', 'tickets')
  local ready, tickets = tonumber(found[1] or 0), tonumber(found[2] or 0)
  if tickets >= math.min(ready, TICKETS) then return 0 end
  count(prefix, 'tickets', 1)
  return 1
end

local function offer(prefix, id, workflow, created_at)
  if redis.call('ZADD', prefix .. ':ready:' .. workflow, created_at, id) == 1 then
    count(prefix, 'ready', 1)
  end
end

local function offer_leaving(prefix, id, workflow, created_at)
  if redis.call('ZADD', prefix .. ':leaving:' .. workflow, created_at, id) == 1 then
    count(prefix, 'ready', 1)
    count(prefix, 'leaving', 1)
  end
end

local function withdraw(prefix, id, workflow)
  local removed = redis.call('ZREM', prefix .. ':ready:' .. workflow, id)
  if removed == 0 and redis.call('ZREM', prefix .. ':leaving:' .. workflow, id) == 1 then
    count(prefix, 'leaving', -1)
    removed = 1
  end
  if removed == 1 then count(prefix, 'ready', -1) end
  return removed
end

local function aside(prefix, workflow, owner)
  return prefix .. ':aside:' .. workflow .. ':' .. owner
end

local function set_aside(prefix, id, workflow, owner, age)
  withdraw(prefix, id, workflow)
  redis.call('ZADD', aside(prefix, workflow, owner), string.format('%.6f', age), id)
  redis.call('SADD', prefix .. ':blocked:' .. owner, workflow)
end

local function none_left_aside(prefix, workflow, owner)
  if redis.call('EXISTS', aside(prefix, workflow, owner)) == 0 then
    redis.call('SREM', prefix .. ':blocked:' .. owner, workflow)
  end
end

-- One task of this owner less may run now, or was about to. The oldest of each workflow comes
-- back, since some workflow may have reached its limit, or no worker that knows it.
local function unblock(prefix, owner)
  if not owner then return end
  for _, workflow in ipairs(redis.call('SMEMBERS', prefix .. ':blocked:' .. owner)) do
    local first = redis.call('ZPOPMIN', aside(prefix, workflow, owner))
    if first[1] then offer(prefix, first[1], workflow, first[2]) end
    none_left_aside(prefix, workflow, owner)
  end
end

-- The one way into the queue.
local function enqueue(prefix, keys, id, at, data)
  local task = redis.call('HMGET', keys[1], 'workflow', 'created_at', 'cancel')
  redis.call('HSET', keys[1], 'state', 'queued')
  count(prefix, 'queued', 1)
  local offering = task[3] and offer_leaving or offer
  offering(prefix, id, task[1], task[2])
  emit(keys, 'task.queued', '', at, data)
end

-- The one way out of `running`: what the task took of the limits is free again.
local function release(prefix, keys, id)
  local task = redis.call('HMGET', keys[1], 'workflow', 'owner', 'worker', 'claimed_by')
  count(prefix, 'w:' .. task[1], -1)
  redis.call('SREM', prefix .. ':cancelling', id)
  redis.call('SREM', prefix .. ':runs:' .. task[3], id)
  redis.call('HDEL', prefix .. ':calls', task[4])
  redis.call('HDEL', keys[1], 'worker', 'claimed_by')
  if not task[2] then return end
  count(prefix, 'o:' .. task[2], -1)
  unblock(prefix, task[2])
end

-- The one place that ends a task: all its keys expire at the same millisecond.
local function end_task(prefix, keys, id, state, err, retention)
  local at = now()
  redis.call('HSET', keys[1], 'state', state, 'finished_at', at)
  redis.call('HDEL', keys[1], 'awaits')
  if err ~= '' then redis.call('HSET', keys[1], 'error', err) end
  emit(keys, 'task.' .. state, '', at, err == '' and '{}' or err)
  local gone_at = string.format('%.3f', tonumber(at) + tonumber(retention))
  for _, key in ipairs(keys) do
    redis.call('PEXPIREAT', key, string.format('%.0f', gone_at * 1000))
  end
  redis.call('ZADD', prefix .. ':gone', gone_at, id)
end

-- A task that *worker* does not go on with; the new epoch refuses whatever it still writes.
local function take_away(prefix, id, worker)
  local keys = keys_of(prefix, id)
  local task = redis.call('HMGET', keys[1], 'state', 'worker')
  if task[1] ~= 'running' or task[2] ~= worker then return end
  release(prefix, keys, id)
  redis.call('HINCRBY', keys[1], 'epoch', 1)
  enqueue(prefix, keys, id, now(), '{"reason":"its worker was lost"}')
end

-- args: prefix, id, token of this call, bound of the queue or 0, then field, value, field, value ...
local function create(keys, args)
  local prefix, id, token, bound = args[1], args[2], args[3], tonumber(args[4])
  local known = redis.call('HMGET', keys[1], 'created_by', 'state', 'workflow', 'request')
  if known[1] == token then return {'created', 0} end
  if known[1] then return {'exists', 0, known[2], known[3], known[4] or ''} end
  if bound > 0 and counted(prefix, 'queued') >= bound then return {'full', 0} end
  local at = now()
  redis.call('HSET', keys[1], 'created_by', token, 'epoch', 0, 'attempt', 1,
    'deliveries', 0, 'created_at', at, unpack(args, 5))
  redis.call('ZADD', prefix .. ':tasks', at, id)
  redis.call('ZREM', prefix .. ':gone', id) -- one of that id may have expired a moment ago
  enqueue(prefix, keys, id, at, '{}')
  return {'created', ticket_needed(prefix)}
end

-- The workflow whose oldest task of that kind, `ready` or `leaving`, is the oldest of those that
-- may run, and that task.
local function oldest(prefix, workflows, kind)
  local best, chosen, age = nil, nil, nil
  for place = 1, #workflows, 2 do
    local workflow, limit = workflows[place], tonumber(workflows[place + 1])
    local head = redis.call('ZRANGE', prefix .. ':' .. kind .. ':' .. workflow, 0, 0, 'WITHSCORES')
    if head[1] and (not age or tonumber(head[2]) < age) and
        (kind == 'leaving' or limit == 0 or counted(prefix, 'w:' .. workflow) < limit) then
      best, chosen, age = workflow, head[1], tonumber(head[2])
    end
  end
  return best, chosen, age
end

-- Claims a task that is ready and says whether it may run; its epoch rises in any case.
local function claim(prefix, id, workflow, worker, token, most, poison, retention)
  local keys = keys_of(prefix, id)
  local task = redis.call('HMGET', keys[1], 'state', 'deliveries', 'owner', 'cancel')
  withdraw(prefix, id, workflow)
  if task[1] ~= 'queued' then return nil end
  count(prefix, 'queued', -1)
  local epoch = redis.call('HINCRBY', keys[1], 'epoch', 1)
  local deliveries = tonumber(task[2]) + 1
  if deliveries > most then
    end_task(prefix, keys, id, 'failed', poison, retention)
    unblock(prefix, task[3])
    return nil
  end
  local at = now()
  count(prefix, 'w:' .. workflow, 1)
  if task[3] then count(prefix, 'o:' .. task[3], 1) end
  if task[4] then redis.call('SADD', prefix .. ':cancelling', id) end
  redis.call('HSET', keys[1], 'state', 'running', 'deliveries', deliveries, 'worker', worker,
    'claimed_by', token, 'claimed_at', at)
  redis.call('HSETNX', keys[1], 'started_at', at)
  redis.call('HSET', prefix .. ':calls', token, id)
  redis.call('SADD', prefix .. ':runs:' .. worker, id)
  redis.call('ZADD', prefix .. ':alive', 'NX', at, worker)
  emit(keys, 'task.running', '', at,
    string.format('{"epoch":%d,"delivery":%d}', epoch, deliveries))
  return keys
end

-- The next task by workflow, id and age, and whether it is leaving: those go first.
local function next_of(prefix, workflows)
  if counted(prefix, 'leaving') > 0 then
    local workflow, id, age = oldest(prefix, workflows, 'leaving')
    if id then return workflow, id, age, true end
  end
  return oldest(prefix, workflows, 'ready')
end

-- The oldest task that may run, claimed: its id and its keys.
local function pick(prefix, worker, token, args)
  local owners, workflows = tonumber(args[8]), {unpack(args, 9)}
  for _ = 1, LOOKS do
    local workflow, id, age, is_leaving = next_of(prefix, workflows)
    if not id then return nil end
    local owner = owners > 0 and not is_leaving and redis.call('HGET', keys_of(prefix, id)[1], 'owner')
    if owner and counted(prefix, 'o:' .. owner) >= owners then
      set_aside(prefix, id, workflow, owner, age)
    else
      local keys = claim(prefix, id, workflow, worker, token, tonumber(args[5]), args[6], args[7])
      if keys then return id, keys end
    end
  end
end

-- args: prefix, worker, whether a ticket was just delivered to it, token of this call, delivery
-- limit, error over the limit, retention in seconds, how many of an owner may run or 0, then
-- workflow, how many of it may run or 0, workflow, ...
-- Answers {id, whether a ticket is to be put, task, journal}, or {''}.
local function take(_, args)
  local prefix, worker, token = args[1], args[2], args[4]
  local id = redis.call('HGET', prefix .. ':calls', token)
  local keys = id and keys_of(prefix, id)
  if not id then
    if args[3] == '1' and counted(prefix, 'tickets') > 0 then count(prefix, 'tickets', -1) end
    id, keys = pick(prefix, worker, token, args)
  end
  if not id then return {''} end
  local found = history(keys)
  return {id, ticket_needed(prefix), found[1], found[2]}
end

-- A second copy is welcome also when the task has ended meanwhile, but not from a former owner.
local function record_again(keys, field, epoch)
  local before = redis.call('HGET', keys[2], field)
  local refused = refusal(keys, epoch)
  local known = before and string.match(before, '^%d+ (%d+) ') == epoch
  if known and string.sub(refused, 1, 5) == 'state' then return OK end
  return {ok = refused}
end

-- args: epoch, path, started_at, error, changes
-- A journal value is "number epoch started_at finished_at\nerror\nchanges".
-- This is called for every step: each call of a command in it is felt.
local function record(keys, args)
  local field = 's:' .. args[2]
  local task = redis.call('HMGET', keys[1], 'state', 'epoch', 'events')
  if task[1] ~= 'running' or task[2] ~= args[1] then
    return record_again(keys, field, args[1])
  end
  local at, number = now(), string.format('%d', task[3] + 1)
  local value = table.concat(
    {number .. ' ' .. args[1] .. ' ' .. args[3] .. ' ' .. at, args[4], args[5]}, '\n')
  if redis.call('HSETNX', keys[2], field, value) == 0 then
    local before = redis.call('HGET', keys[2], field)
    if string.match(before, '^%d+ (%d+) ') == args[1] then return OK end
    redis.call('HSET', keys[2], field, value)
  end
  if args[4] == '' then
    append(keys, number, 'step.succeeded', args[2], at, '{"started_at":' .. args[3] .. '}')
  else
    append(keys, number, 'step.failed', args[2], at, args[4])
  end
  -- A task that gets on is not poisoned, however often its workers are lost.
  redis.call('HSET', keys[1], 'events', number, 'deliveries', 0)
  return OK
end

-- args: epoch, path, said ("fraction\nmessage"), the same as JSON
local function report(keys, args)
  local refused = refusal(keys, args[1])
  if refused then return {ok = refused} end
  local field = 'r:' .. args[2]
  local before = redis.call('HGET', keys[2], field)
  if before and string.gsub(before, '^[^\n]*\n', '', 1) == args[3] then return OK end
  local at = now()
  redis.call('HSET', keys[2], field, at .. '\n' .. args[3])
  emit(keys, 'step.report', args[2], at, args[4])
  return OK
end

-- args: epoch, then path, started_at, path ... Steps that take so long that somebody may look.
local function begin(keys, args)
  local refused = refusal(keys, args[1])
  if refused then return {ok = refused} end
  for place = 2, #args, 2 do
    redis.call('HSET', keys[2], 'b:' .. args[place], args[place + 1])
  end
  return OK
end

-- args: epoch, prefix, id, state, error, retention in seconds. Answers 'ok' and the tickets to put.
local function finish(keys, args)
  local task = redis.call('HMGET', keys[1], 'state', 'epoch')
  if task[1] == args[4] and task[2] == args[1] then return {ok = 'ok 0'} end
  local refused = refusal(keys, args[1])
  if refused then return {ok = refused} end
  release(args[2], keys, args[3])
  end_task(args[2], keys, args[3], args[4], args[5], args[6])
  return {ok = 'ok ' .. ticket_needed(args[2])}
end

-- args: epoch, prefix, id. The worker stops in good order: this delivery does not count.
local function hand_back(keys, args)
  local refused = refusal(keys, args[1])
  if refused == 'state queued' then return {ok = 'ok 0'} end
  if refused then return {ok = refused} end
  release(args[2], keys, args[3])
  if redis.call('HINCRBY', keys[1], 'deliveries', -1) < 0 then
    redis.call('HSET', keys[1], 'deliveries', 0)
  end
  enqueue(args[2], keys, args[3], now(), '{"reason":"its worker stopped"}')
  return {ok = 'ok ' .. ticket_needed(args[2])}
end

-- args: epoch, prefix, id, data of the event, then path, since, until or '', signal or '', path ...
-- A wait is kept as "since until\nsignal". Answers 'parked' or, if one is over, 'again'.
local function park(keys, args)
  local refused = refusal(keys, args[1])
  if refused == 'state waiting' then return {ok = 'parked 0'} end
  if refused == 'state queued' then return {ok = 'again 0'} end
  if refused then return {ok = refused} end
  local prefix, id, at = args[2], args[3], now()
  local first, over, awaits = nil, redis.call('HGET', keys[1], 'cancel'), '\n'
  for place = 5, #args, 4 do
    local path, since, till, signal = unpack(args, place, place + 3)
    redis.call('HSET', keys[2], 'w:' .. path, since .. ' ' .. till .. '\n' .. signal)
    if till ~= '' and (not first or tonumber(till) < tonumber(first)) then first = till end
    if signal ~= '' then
      awaits = awaits .. signal .. '\n'
      over = over or redis.call('HEXISTS', keys[2], 'g:' .. signal) == 1
    end
  end
  release(prefix, keys, id)
  redis.call('HSET', keys[1], 'deliveries', 0)
  if over or (first and tonumber(first) <= tonumber(at)) then
    enqueue(prefix, keys, id, at, '{}')
    return {ok = 'again ' .. ticket_needed(prefix)}
  end
  redis.call('HSET', keys[1], 'state', 'waiting', 'awaits', awaits)
  if first then redis.call('ZADD', prefix .. ':due', first, id) end
  emit(keys, 'task.waiting', '', at, args[4])
  return {ok = 'parked ' .. ticket_needed(prefix)}
end

local function unpark(prefix, keys, id, at, data)
  redis.call('ZREM', prefix .. ':due', id)
  redis.call('HDEL', keys[1], 'awaits')
  enqueue(prefix, keys, id, at, data)
end

-- args: prefix, id, name, body. A signal is kept as "at\nbody", once by its name.
local function signal(keys, args)
  local prefix, id, name = args[1], args[2], args[3]
  local task = redis.call('HMGET', keys[1], 'state', 'awaits')
  if not task[1] then return {ok = 'unknown'} end
  local before = redis.call('HGET', keys[2], 'g:' .. name)
  if before then
    return {ok = string.gsub(before, '^[^\n]*\n', '', 1) == args[4] and 'known' or 'other'}
  end
  if is_final(task[1]) then return {ok = 'over ' .. task[1]} end
  local at = now()
  redis.call('HSET', keys[2], 'g:' .. name, at .. '\n' .. args[4])
  emit(keys, 'task.signal', name, at, '{}')
  if task[1] == 'waiting' and task[2] and string.find(task[2], '\n' .. name .. '\n', 1, true) then
    unpark(prefix, keys, id, at, '{"reason":"a signal came"}')
    return {ok = 'taken ' .. ticket_needed(prefix)}
  end
  return {ok = 'taken 0'}
end

-- Takes a queued task out of where it stands.
local function unqueue(prefix, id, workflow, owner)
  if withdraw(prefix, id, workflow) == 1 then
    unblock(prefix, owner)
  elseif owner then
    redis.call('ZREM', aside(prefix, workflow, owner), id)
    none_left_aside(prefix, workflow, owner)
  end
end

-- args: prefix, id, error of a cancelled task, retention in seconds. Answers the state, and tickets.
local function cancel(keys, args)
  local prefix, id = args[1], args[2]
  local task = redis.call('HMGET', keys[1], 'state', 'started_at', 'cancel', 'workflow', 'owner',
    'created_at')
  local state = task[1]
  if not state then return {ok = 'unknown'} end
  if is_final(state) or task[3] then return {ok = state .. ' 0'} end
  if state == 'queued' then unqueue(prefix, id, task[4], task[5]) end
  if state == 'queued' and not task[2] then
    -- It never ran, so there is nothing to take back.
    count(prefix, 'queued', -1)
    redis.call('HINCRBY', keys[1], 'epoch', 1)
    end_task(prefix, keys, id, 'cancelled', args[3], args[4])
    return {ok = 'cancelled ' .. ticket_needed(prefix)}
  end
  local at = now()
  redis.call('HSET', keys[1], 'cancel', at)
  emit(keys, 'task.cancelling', '', at, '{}')
  if state == 'running' then
    redis.call('SADD', prefix .. ':cancelling', id)
    return {ok = 'running 0'}
  end
  if state == 'queued' then
    offer_leaving(prefix, id, task[4], task[6])
    return {ok = 'queued ' .. ticket_needed(prefix)}
  end
  unpark(prefix, keys, id, at, '{"reason":"it is to be cancelled"}')
  return {ok = 'queued ' .. ticket_needed(prefix)}
end

-- args: prefix, id, the attempt that failed, then the journal's fields that are forgotten.
local function resume(keys, args)
  local prefix, id = args[1], args[2]
  local task = redis.call('HMGET', keys[1], 'state', 'attempt')
  if not task[1] then return {ok = 'unknown'} end
  if task[1] ~= 'failed' or task[2] ~= args[3] then return {ok = task[1] .. ' 0'} end
  for place = 4, #args do redis.call('HDEL', keys[2], args[place]) end
  local attempt = redis.call('HINCRBY', keys[1], 'attempt', 1)
  local at = now()
  redis.call('HSET', keys[1], 'deliveries', 0, 'resumed_at', at)
  redis.call('HDEL', keys[1], 'error', 'finished_at', 'cancel')
  for _, key in ipairs(keys) do redis.call('PERSIST', key) end
  redis.call('ZREM', prefix .. ':gone', id)
  enqueue(prefix, keys, id, at, '{"attempt":' .. attempt .. '}')
  return {ok = 'queued ' .. ticket_needed(prefix)}
end

local function wake(prefix, at)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. ':due', '-inf', at, 'LIMIT', 0, LOOKS)) do
    local keys = keys_of(prefix, id)
    if redis.call('HGET', keys[1], 'state') == 'waiting' then
      unpark(prefix, keys, id, at, '{"reason":"its time came"}')
    else
      redis.call('ZREM', prefix .. ':due', id)
    end
  end
end

local function forget(prefix, at)
  local gone = redis.call('ZRANGEBYSCORE', prefix .. ':gone', '-inf', at, 'LIMIT', 0, LOOKS)
  for _, id in ipairs(gone) do
    redis.call('ZREM', prefix .. ':gone', id)
    redis.call('ZREM', prefix .. ':tasks', id)
  end
end

local function bury(prefix, worker)
  for _, id in ipairs(redis.call('SMEMBERS', prefix .. ':runs:' .. worker)) do
    take_away(prefix, id, worker)
  end
  redis.call('ZREM', prefix .. ':alive', worker)
end

-- Gives to others what workers ran that gave no sign of life for so many seconds. Where nobody
-- looked for a part of that, the server itself was away, and all of them have as long again.
local function miss(prefix, at, patience)
  local key, looked = prefix .. ':alive', redis.call('HGET', prefix .. ':fleet', 'looked_at')
  redis.call('HSET', prefix .. ':fleet', 'looked_at', at)
  local late = tonumber(at) - patience
  if looked and tonumber(looked) > tonumber(at) - patience / 4 then
    for _, worker in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', '(' .. late)) do
      bury(prefix, worker)
    end
    return
  end
  for _, worker in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    redis.call('ZADD', key, at, worker)
  end
end

-- args: prefix, worker, seconds after which one is lost, then tasks that this one lost track of.
-- A sign of life; wakes parked tasks that are due, forgets tasks that expired.
-- Answers the tickets to put, which of its tasks the worker is to cancel, which it has, and how
-- many tasks are ready.
local function look(_, args)
  local prefix, worker, at = args[1], args[2], now()
  redis.call('ZADD', prefix .. ':alive', at, worker)
  for place = 4, #args do take_away(prefix, args[place], worker) end
  miss(prefix, at, tonumber(args[3]))
  wake(prefix, at)
  forget(prefix, at)
  -- One is enough: whoever takes it is told whether to put the next.
  local tickets = ticket_needed(prefix)
  local runs = prefix .. ':runs:' .. worker
  return {tickets, redis.call('SINTER', runs, prefix .. ':cancelling'),
    redis.call('SMEMBERS', runs), counted(prefix, 'ready')}
end

-- args: prefix, worker. It works no more; what it still ran goes to others.
local function retire(_, args)
  bury(args[1], args[2])
  if redis.call('ZCARD', args[1] .. ':alive') == 0 then
    redis.call('HDEL', args[1] .. ':fleet', 'looked_at')
  end
  return ticket_needed(args[1])
end

-- args: prefix. Counts the tickets anew, after some may have been lost: how many are to be put.
local function recount(_, args)
  local key, ready = args[1] .. ':fleet', counted(args[1], 'ready')
  local tickets = math.min(ready, TICKETS)
  redis.call('HDEL', key, 'tickets')
  if tickets > 0 then redis.call('HSET', key, 'tickets', tickets) end
  return tickets
end

local SUMMARY = {'workflow', 'state', 'owner', 'attempt', 'created_at', 'started_at',
  'finished_at', 'error'}

local function fits(task, wanted)
  for place, value in ipairs(wanted) do
    if value ~= '' and task[place] ~= value then return false end
  end
  return true
end

-- args: prefix, how many, age and id to go on after ('+inf' and ''), workflow, state, owner or ''.
-- Answers the age and id to go on after ('' at the end), then id and summary of each task.
local function list(_, args)
  local key, most, wanted = args[1] .. ':tasks', tonumber(args[2]), {unpack(args, 5, 7)}
  local found, age, last, looked = {}, args[3], args[4], 0
  local rows = redis.call('ZREVRANGEBYSCORE', key, age, '-inf', 'WITHSCORES', 'LIMIT', 0, LOOKS)
  for place = 1, #rows, 2 do
    local id = rows[place]
    looked = looked + 1
    if not (rows[place + 1] == age and last ~= '' and id >= last) then
      local task = redis.call('HMGET', keys_of(args[1], id)[1], unpack(SUMMARY))
      age, last = rows[place + 1], id
      if task[1] and fits(task, wanted) then found[#found + 1] = {id, task} end
      if #found == most then break end
    end
  end
  if looked * 2 == #rows and #rows < 2 * LOOKS then age, last = '', '' end
  return {age, last, found}
end

-- Answers the summary of a task, as `list` has it.
local function summarise(keys)
  return redis.call('HMGET', keys[1], unpack(SUMMARY))
end

local function reading(name, callback)
  redis.register_function{
    function_name = '@library@_' .. name, callback = callback, flags = {'no-writes'}}
end

redis.register_function('@library@_create', create)
redis.register_function('@library@_take', take)
redis.register_function('@library@_record', record)
redis.register_function('@library@_report', report)
redis.register_function('@library@_begin', begin)
redis.register_function('@library@_finish', finish)
redis.register_function('@library@_hand_back', hand_back)
redis.register_function('@library@_park', park)
redis.register_function('@library@_signal', signal)
redis.register_function('@library@_cancel', cancel)
redis.register_function('@library@_resume', resume)
redis.register_function('@library@_look', look)
redis.register_function('@library@_retire', retire)
redis.register_function('@library@_recount', recount)
reading('list', list)
reading('summary', summarise)
reading('read', history)
