"""Hold scripts: what Redis does with the live holds of limited buyers. The rule is that of `live_holds.py`.

A buyer is a hash: each hold's lapse and admissions, and two marks. A hold is a text: its buyers, or `ended`.
"""

from __future__ import annotations

from typing import Final

from holdfast.limits.live_holds import (
    FIRST_WAIT_SECONDS,
    LAST_WAIT_SECONDS,
    MAX_WAITS,
    REMEMBERED_SECONDS,
)

__all__ = ["BOOKED", "CHANGE", "EXTEND", "FORGET", "KEEP", "RELEASED", "RESERVE"]

KEEP, EXTEND, RELEASED, BOOKED, FORGET = range(5)
"""What `CHANGE` does to a hold: it is placed, it lives longer, it ends without a booking or with one, it never was."""

_COMMON = f"""
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local max_unbooked = tonumber(ARGV[1])
local remembered = {REMEMBERED_SECONDS}

local function last(key, seconds)
    local milliseconds = math.ceil(seconds * 1000)
    if redis.call('PTTL', key) < milliseconds then redis.call('PEXPIRE', key, milliseconds) end
end

local function read(buyer, field)
    local value = redis.call('HGET', buyer, field)
    if not value then return nil, 0 end
    local at, count = string.match(value, '(%S+) (%S+)')
    return tonumber(at), tonumber(count)
end

local function write(buyer, field, seconds, count)
    redis.call('HSET', buyer, field, string.format('%.6f %d', now + seconds, count))
    last(buyer, math.max(seconds, 0) + remembered)
end

local function buyers_of(hold)
    local text = redis.call('GET', hold)
    local found = {{}}
    if text and text ~= 'ended' then
        for buyer in string.gmatch(text, '%S+') do found[#found + 1] = buyer end
    end
    return found
end

local function add(hold, buyer, seconds, admissions)
    local text = redis.call('GET', hold)
    if not text then
        redis.call('SET', hold, buyer .. ' ')
    elseif not string.find(text, buyer .. ' ', 1, true) then
        redis.call('SET', hold, text .. buyer .. ' ', 'KEEPTTL')
    end
    last(hold, seconds + remembered)
    write(buyer, hold, seconds, admissions)
end

local function drop(hold, buyer)
    local until_ = read(buyer, hold)
    if redis.call('HDEL', buyer, hold) == 0 then return false end
    redis.call('SET', hold, 'ended', 'PX', math.ceil((math.max(until_ - now, 0) + remembered) * 1000))
    return true
end

local function finish(hold, buyer, booked)
    if not drop(hold, buyer) or max_unbooked == 0 then return end
    if booked then
        redis.call('HDEL', buyer, 'unbooked')
        return
    end
    local marked_until, count = read(buyer, 'unbooked')
    count = (marked_until and marked_until > now) and math.min(count + 1, {MAX_WAITS}) or 1
    local wait = 0
    if count >= max_unbooked then
        wait = math.min({FIRST_WAIT_SECONDS} * 2 ^ (count - max_unbooked), {LAST_WAIT_SECONDS})
        write(buyer, 'cooling', wait, 0)
    end
    write(buyer, 'unbooked', wait + remembered, count)
end
"""

RESERVE: Final = (
    _COMMON
    + """
local most, admissions, seconds, buyers = unpack(ARGV, 2, 5)
most, admissions, seconds, buyers = tonumber(most), tonumber(admissions), tonumber(seconds), tonumber(buyers)
local ended = {}
for i = buyers + 2, #KEYS do
    local known, at = i - buyers - 2, 6 + 3 * (i - buyers - 2)
    local buyer = KEYS[1 + tonumber(ARGV[at])]
    if redis.call('GET', KEYS[i]) == 'ended' then
        ended[#ended + 1] = tostring(known)
    elseif redis.call('HEXISTS', buyer, KEYS[i]) == 0 then
        add(KEYS[i], buyer, tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
    end
end
local function answer(outcome, wait)
    return {tostring(outcome), tostring(wait), unpack(ended)}
end
for i = 2, buyers + 1 do
    local held, first = 0, math.huge
    for _, field in ipairs(redis.call('HKEYS', KEYS[i])) do
        if field ~= 'unbooked' and field ~= 'cooling' then
            local until_, count = read(KEYS[i], field)
            if until_ <= now then
                finish(field, KEYS[i], false)
            else
                held, first = held + count, math.min(first, until_)
            end
        end
    end
    local cooling = read(KEYS[i], 'cooling')
    if max_unbooked > 0 and cooling and cooling > now then return answer(2, cooling - now) end
    if most > 0 and held + admissions > most then
        return answer(1, first < math.huge and first - now or 0)
    end
end
for i = 2, buyers + 1 do add(KEYS[1], KEYS[i], seconds, admissions) end
return answer(0, 0)
"""
)
"""Count a hold for its buyers, or return why not: 1 for too many admissions, 2 for a wait; and in how many seconds.

KEYS are the hold, its buyers, and the holds that the server knows of these buyers. What Redis has lost of those, it
counts again; the places of those that have ended elsewhere follow the answer.
"""

CHANGE: Final = (
    _COMMON
    + f"""
for i, hold in ipairs(KEYS) do
    local at = 3 * i - 1
    local what, seconds, admissions = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    for _, buyer in ipairs(buyers_of(hold)) do
        if what == {KEEP} then
            add(hold, buyer, seconds, admissions)
        elseif what == {EXTEND} then
            local _, count = read(buyer, hold)
            add(hold, buyer, seconds, count)
        elseif what == {FORGET} then
            drop(hold, buyer)
        else
            finish(hold, buyer, what == {BOOKED})
        end
    end
end
return {{}}
"""
)
"""Change holds: three arguments for each, what happens, in how many seconds it lapses, and its admissions."""
