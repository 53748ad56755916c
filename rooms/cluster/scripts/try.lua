-- Counts one try, as the generic cell rate algorithm does.
-- KEYS: when the allowance is whole again, µs
-- ARGV: interval µs, allowance µs
-- Returns 0 when allowed, otherwise the µs to wait.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local whole = tonumber(redis.call('GET', KEYS[1]) or now)
if whole < now then whole = now end
whole = whole + ARGV[1]
local wait = whole - now - ARGV[2]
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000) + 1)
return 0
