-- Holds of two named seats that are neighbours, each pair once; from one event, or from several in turn.
-- Arguments: path, first event, number of events, rows of a section, seats of each event, pairs to leave out first.
-- Sections are S1, S2, …; a row has 50 seats.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local ROW_PAIRS = 25
local path, first, count, rows, pairs_of_an_event
local at
local headers = { ["Content-Type"] = "application/json" }

function init(args)
  path, first, count = args[1], tonumber(args[2]), tonumber(args[3])
  rows, pairs_of_an_event, at = tonumber(args[4]), tonumber(args[5]) / 2, tonumber(args[6])
  headers["Host"] = wrk.headers["Host"]
end

function request()
  local event, pair = first + at % count, math.floor(at / count)
  at = at + 1
  pair = pair % pairs_of_an_event -- a repeated pair is refused, and counted as refused
  local row = math.floor(pair / ROW_PAIRS)
  local seat = 2 * (pair % ROW_PAIRS) + 1
  local label = string.format("S%d-%d-", math.floor(row / rows) + 1, row % rows + 1)
  return wrk.format("POST", path, headers, string.format(
    '{"event":%d,"lines":[{"seats":["%s%d","%s%d"]}]}', event, label, seat, label, seat + 1))
end
