-- The same request again and again, each with a new Idempotency-Key, as the SDK sends them.
-- Arguments: method, path, body, first event, number of events. "EVENT" in path and body is the event.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local method, path, body, first, count
local headers = { ["Content-Type"] = "application/json" }

function init(args)
  method, path, body = args[1], args[2], args[3]
  first, count = tonumber(args[4]), tonumber(args[5])
  headers["Host"] = wrk.headers["Host"]
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000007)
end

-- A UUID of version 4, as a guest's key must be random.
local function random_key()
  local bits = function(last) return math.random(0, last) end
  return string.format("%04x%04x-%04x-4%03x-a%03x-%04x%04x%04x", bits(0xffff), bits(0xffff), bits(0xffff),
    bits(0xfff), bits(0xfff), bits(0xffff), bits(0xffff), bits(0xffff))
end

function request()
  local event = tostring(count == 1 and first or first + math.random(0, count - 1))
  headers["Idempotency-Key"] = random_key()
  return wrk.format(method, (path:gsub("EVENT", event)), headers, (body:gsub("EVENT", event)))
end
