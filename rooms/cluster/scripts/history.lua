-- The messages after an offset, with the position that they lead to.
-- KEYS: position hash, history stream
-- ARGV: epoch, offset
-- Returns epoch, offset, then offset and payload of each message. The caller
-- sees from the numbers whether any is missing.
local at = redis.call('HMGET', KEYS[1], 'epoch', 'offset')
if not at[1] or at[1] ~= ARGV[1] or tonumber(ARGV[2]) > tonumber(at[2]) then
  return {}
end
local answer = { at[1], at[2] }
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '(' .. ARGV[2] .. '-0', '+')) do
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
return answer
