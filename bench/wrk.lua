-- Asks at the times that a rate sets, evenly, by as many connections as wrk has; what is late is sent at once.
-- wrk's own `delay` counts whole milliseconds, so that requests would come by the dozen: here its thread sleeps before a
-- request that is early.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } timespec;
  int clock_gettime(int clock, timespec *time);
  int clock_nanosleep(int clock, int flags, const timespec *until, timespec *left);
  int prctl(int option, unsigned long value, unsigned long, unsigned long, unsigned long);
]]
local CLOCK_MONOTONIC, TIMER_ABSTIME, PR_SET_TIMERSLACK = 1, 1, 29
local time = ffi.new('timespec')

local everyNs, dueNs, written = 0, 0, nil

local function nowNs()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.seconds) * 1e9 + tonumber(time.nanoseconds)
end

function init(arguments)
  local perSecond = tonumber(arguments[1])
  everyNs = perSecond > 0 and 1e9 / perSecond or 0
  wrk.method = 'POST'
  wrk.headers['content-type'] = 'application/json'
  wrk.body = arguments[2]
  written = wrk.format()
  ffi.C.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
  dueNs = nowNs()
end

function request()
  dueNs = dueNs + everyNs
  if dueNs > nowNs() then
    time.seconds = math.floor(dueNs / 1e9)
    time.nanoseconds = dueNs % 1e9
    ffi.C.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, time, nil)
  end
  return written
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"count":%d,"seconds":%.6f,"refused":%d,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, errors.status, failed
  ))
end
