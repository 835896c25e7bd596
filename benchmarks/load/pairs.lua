-- A hold and its confirmation: a placed hold is confirmed before another hold is placed.
-- Arguments: first event, number of events. One thread, so that any free connection can confirm a hold of another, as a
-- buyer's phone does.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local threads = {}
local holds = {}
local count
local bookings, from, to = {}, 1, 0
local headers = { ["Content-Type"] = "application/json" }
placed, confirmed, other = 0, 0, 0

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local first = tonumber(args[1])
  count = tonumber(args[2])
  headers["Host"] = wrk.headers["Host"]
  for i = 1, count do
    holds[i] = wrk.format("POST", "/v1/holds", headers,
      string.format('{"event":%d,"lines":[{"quantity":1}]}', first + i - 1))
  end
  math.randomseed(os.time())
end

function request()
  if from > to then
    return holds[count == 1 and 1 or math.random(count)]
  end
  local body = bookings[from]
  bookings[from] = nil
  from = from + 1
  return wrk.format("POST", "/v1/bookings", headers, body)
end

function response(status, _, body)
  if status ~= 201 then
    other = other + 1
    return
  end
  local token = body:match('"hold_token":"([^"]+)"')
  if not token then
    confirmed = confirmed + 1
    return
  end
  placed = placed + 1
  to = to + 1
  bookings[to] = string.format('{"hold":"%s","hold_token":"%s"}', body:match('"id":"([^"]+)"'), token)
end

function done(summary, latency, _)
  local thread = threads[1]
  report(summary, latency, string.format(',"placed":%d,"confirmed":%d,"other":%d',
    thread:get("placed"), thread:get("confirmed"), thread:get("other")))
end
