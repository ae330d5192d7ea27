-- What wrk sends: one message again and again, read from a file. With BENCH_GAP_MS each connection waits so long between an
-- answer and the next request on average (by chance, so that connections do not march in step).
-- In the end one line for the table: requests, microseconds, latency p50 and p99 in microseconds, errors.
local body = assert(io.open(os.getenv("BENCH_BODY"), "rb")):read("*a")
local gap = tonumber(os.getenv("BENCH_GAP_MS") or "0")

function init()
    math.randomseed(os.time())
    wrk.method = "POST"
    wrk.body = body
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Accept"] = "application/json, text/event-stream"
    wrk.headers["Authorization"] = "Bearer " .. (os.getenv("BENCH_TOKEN") or "none")
    request_text = wrk.format()
end

function request()
    return request_text
end

if gap > 0 then
    function delay()
        local wanted = -gap * math.log(1 - math.random())
        local whole = math.floor(wanted)
        if math.random() < wanted - whole then whole = whole + 1 end
        return whole
    end
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("BENCH %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
