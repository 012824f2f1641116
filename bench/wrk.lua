-- Asks at the times that a rate sets, by as many connections as wrk has; late requests are sent at once.
-- wrk calls `delay` before each request and waits for so many milliseconds.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } timespec;
  int clock_gettime(int clock, timespec *time);
]]
local CLOCK_MONOTONIC = 1
local time = ffi.new('timespec')
local function nowMs()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.seconds) * 1e3 + tonumber(time.nanoseconds) / 1e6
end

local everyMs, begunAtMs, asked = 0, 0, 0

function init(arguments)
  local perSecond = tonumber(arguments[1])
  everyMs = perSecond > 0 and 1000 / perSecond or 0
  begunAtMs = nowMs()
  wrk.method = 'POST'
  wrk.headers['content-type'] = 'application/json'
  wrk.body = arguments[2]
end

function delay()
  asked = asked + 1
  return math.max(0, math.floor(begunAtMs + asked * everyMs - nowMs()))
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"count":%d,"seconds":%.6f,"refused":%d,"failed":%d,"p50Us":%d,"p99Us":%d}\n',
    summary.requests, summary.duration / 1e6, errors.status, failed, latency:percentile(50), latency:percentile(99)
  ))
end
