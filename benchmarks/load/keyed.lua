-- The same request again and again, each with a new Idempotency-Key, as the SDK sends them.
-- Arguments: method, path, body, first event, number of events. "EVENT" in path and body is the event.
-- The load shares the machine with the server, so a request is put together from ready parts.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local requests = {}
local digits = {}
local count

function init(args)
  local method, path, body = args[1], args[2], args[3]
  local first = tonumber(args[4])
  count = tonumber(args[5])
  local headers = {
    ["Host"] = wrk.headers["Host"],
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = "KEY",
  }
  for i = 1, count do
    local event = tostring(first + i - 1)
    local request = wrk.format(method, (path:gsub("EVENT", event)), headers, (body:gsub("EVENT", event)))
    local before, after = request:match("^(.-)KEY(.*)$")
    requests[i] = { before, after }
  end
  for i = 0, 0xffff do
    digits[i] = string.format("%04x", i)
  end
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000007)
end

local function four()
  return digits[math.random(0, 0xffff)]
end

-- A UUID of version 4, as a guest's key must be random.
local function random_key()
  return four() .. four() .. "-" .. four() .. "-4" .. four():sub(2) .. "-a" .. four():sub(2) .. "-"
    .. four() .. four() .. four()
end

function request()
  local parts = requests[count == 1 and 1 or math.random(count)]
  return parts[1] .. random_key() .. parts[2]
end
