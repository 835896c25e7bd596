-- The same request again and again, each with a new Idempotency-Key, as the SDK sends them.
-- Arguments: method, path, body, first event, number of events, number of browsers. "EVENT" in path and body is the
-- event. With browsers, a request has the headers of one of them.
-- The load shares the machine with the server, so a request is put together from ready parts.

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

local requests = {}
local digits = {}
local count


local platforms = { "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64",
  "Linux; Android 10; K" }
local names = { "Windows", "macOS", "Linux", "Android" }
local tongues = { "de-DE,de;q=0.9,en;q=0.8", "en-GB,en;q=0.9", "fr-FR,fr;q=0.9,en-US;q=0.7", "en-US,en;q=0.5",
  "tr-TR,tr;q=0.9", "pl,en-US;q=0.7,en;q=0.3", "it-IT,it;q=0.9" }

-- What a page of a shop sends from another origin, by the browser's number.
local function headers_of(browser)
  local platform, version = browser % 4 + 1, 100 + browser % 50
  return {
    ["User-Agent"] = string.format("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0%s Safari/537.36",
      platforms[platform], version, platform == 4 and " Mobile" or ""),
    ["Accept"] = "*/*",
    ["Accept-Language"] = tongues[browser % #tongues + 1],
    ["Accept-Encoding"] = "gzip, deflate, br, zstd",
    ["Referer"] = string.format("http://127.0.0.1/events/%d", browser),
    ["Sec-CH-UA"] = string.format('"Chromium";v="%d", "Not.A/Brand";v="%d"', version, browser % 99),
    ["Sec-CH-UA-Mobile"] = platform == 4 and "?1" or "?0",
    ["Sec-CH-UA-Platform"] = '"' .. names[platform] .. '"',
    ["Sec-Fetch-Dest"] = "empty",
    ["Sec-Fetch-Mode"] = "cors",
    ["Sec-Fetch-Site"] = "same-origin",
    ["Connection"] = "keep-alive",
  }
end

function init(args)
  local method, path, body = args[1], args[2], args[3]
  local first = tonumber(args[4])
  count = tonumber(args[5])
  local browsers = math.max(1, tonumber(args[6]))
  for i = 1, count * browsers do
    local event = tostring(first + (i - 1) % count)
    local headers = tonumber(args[6]) > 0 and headers_of(i) or {}
    headers["Host"] = wrk.headers["Host"]
    headers["Content-Type"] = "application/json"
    headers["Idempotency-Key"] = "KEY"
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
  local parts = requests[#requests == 1 and 1 or math.random(#requests)]
  return parts[1] .. random_key() .. parts[2]
end
