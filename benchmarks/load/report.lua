-- Every script prints one line of JSON at its end, apart from wrk's own summary for people.

function report(summary, latency, more)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"timed_out":%d,'
      .. '"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f,"max_ms":%.3f%s}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency:percentile(99.9) / 1000, latency.max / 1000, more or ""))
end

function done(summary, latency, _)
  report(summary, latency)
end
