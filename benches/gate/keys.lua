-- wrk's requests: each brings a key of the file named by KEYS, in a fixed disorder. Of these every PARTS-th, from the
-- PART-th on. PIPELINED of them go out at once. With TARGETS each also names one of that many paths, as nginx
-- does.
local requests, at = {}, 0
local pipelined = tonumber(os.getenv("PIPELINED"))
local part, parts = tonumber(os.getenv("PART")), tonumber(os.getenv("PARTS"))
local targets = tonumber(os.getenv("TARGETS"))

function init()
  local line = 0
  for key in io.lines(os.getenv("KEYS")) do
    if line % parts == part then
      local headers = { ["Authorization"] = "Bearer " .. key }
      if targets > 0 then
        headers["X-Original-Method"] = "GET"
        headers["X-Original-URI"] = string.format("/api/v2/things-%d/7/parts/8", line % targets)
      end
      requests[#requests + 1] = wrk.format("GET", nil, headers)
    end
    line = line + 1
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
