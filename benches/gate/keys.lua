-- wrk's requests: each brings a key of the file named by KEYS, in a fixed disorder. PIPELINED of them go out at once.
-- STATUS is what every answer is expected to be.
local requests, at = {}, 0
local pipelined = tonumber(os.getenv("PIPELINED"))

function init()
  for key in io.lines(os.getenv("KEYS")) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Authorization"] = "Bearer " .. key })
  end
  math.randomseed(1)
  for i = #requests, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end

function request()
  local batch = {}
  for i = 1, pipelined do
    at = at % #requests + 1
    batch[i] = requests[at]
  end
  return table.concat(batch)
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format("ROUND %d %.6f %d %d\n", summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
