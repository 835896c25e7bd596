-- The same request again and again, or the same of one of several events chosen at random.
-- Arguments: method, path, body ("-" for none), first event, number of events. "EVENT" in path and body is the event.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local requests = {}
local count

function init(args)
  local method, path, body = args[1], args[2], args[3]
  local first = tonumber(args[4])
  count = tonumber(args[5])
  local headers = { ["Host"] = wrk.headers["Host"] }
  if body ~= "-" then
    headers["Content-Type"] = "application/json"
  end
  for i = 1, count do
    local event = tostring(first + i - 1)
    local content = body ~= "-" and body:gsub("EVENT", event) or nil
    requests[i] = wrk.format(method, path:gsub("EVENT", event), headers, content)
  end
  math.randomseed(os.time())
end

function request()
  if count == 1 then
    return requests[1]
  end
  return requests[math.random(count)]
end
