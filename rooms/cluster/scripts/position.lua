-- Where a channel stands; begins an epoch if there is none.
-- KEYS: position hash, history stream
-- ARGV: epoch to begin with, seconds to keep
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return { epoch, redis.call('HGET', KEYS[1], 'offset') }
