-- The same request again and again, each with a new Idempotency-Key, as the SDK sends them.
-- Arguments: method, path, body, first event, number of events. "EVENT" in path and body is the event.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local method, path, body, first, count, run
local at = 0
local headers = { ["Content-Type"] = "application/json" }

function init(args)
  method, path, body = args[1], args[2], args[3]
  first, count = tonumber(args[4]), tonumber(args[5])
  headers["Host"] = wrk.headers["Host"]
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000007)
  run = string.format("%08x%08x", math.random(0, 2 ^ 31 - 1), math.random(0, 2 ^ 31 - 1))
end

function request()
  local event = tostring(count == 1 and first or first + math.random(0, count - 1))
  at = at + 1
  headers["Idempotency-Key"] = string.format("%s-%012d", run, at)
  return wrk.format(method, (path:gsub("EVENT", event)), headers, (body:gsub("EVENT", event)))
end
