-- Forgets the sockets whose time is over and returns the others.
-- KEYS: expiries (sorted set), sockets (hash)
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, socket in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], socket)
  redis.call('HDEL', KEYS[2], socket)
end
return redis.call('HVALS', KEYS[2])
