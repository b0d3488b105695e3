-- SPDX-License-Identifier: MIT
-- load.lua: what wrk sends. Each request gets a body of its own (a member with a
-- counter in it) and a signature of its own (HMAC-SHA-256 by libcrypto, over the
-- body and the present millisecond), so that no request is ever a replay.
--
--   wrk ... -s load.lua URL -- PLAN
--
-- PLAN is a Lua file, written by Bench/Load.pm, that returns
--   path     the request target
--   member   the body's member that makes it unique; nil: a GET without a body
--   nonce    48 hex characters, another one for each run; the member's value is
--            these and 16 of the counter, 64 hex in all
--   targets  asked in turn: key (64 hex, the auth key), body (JSON text without
--            its closing brace)
-- The last line printed begins with RESULT and is JSON; times are in us.
local ffi = require("ffi")

ffi.cdef [[
typedef struct { long sec; long usec; } bench_time;
int gettimeofday(bench_time *now, void *zone);
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len,
    const char *data, size_t len, unsigned char *mac, unsigned *mac_len);
]]
local crypto = ffi.load("libcrypto.so.3")
local sha256 = crypto.EVP_sha256()
local now = ffi.new("bench_time")
local mac = ffi.new("unsigned char[32]")
local mac_len = ffi.new("unsigned[1]")
local hex = ffi.new("char[64]")
local digits = ffi.new("char[16]", "0123456789abcdef")
local plan, counter, at = nil, 0, 0

local function milliseconds()
	ffi.C.gettimeofday(now, nil)
	return string.format("%.0f",
	    tonumber(now.sec) * 1000 + math.floor(tonumber(now.usec) / 1000))
end

local function sign(key, text)
	crypto.HMAC(sha256, key, 32, text, #text, mac, mac_len)
	for i = 0, 31 do
		hex[2 * i] = digits[bit.rshift(mac[i], 4)]
		hex[2 * i + 1] = digits[bit.band(mac[i], 15)]
	end
	return ffi.string(hex, 64)
end

function init(args)
	plan = dofile(args[1])
	for _, target in ipairs(plan.targets) do
		target.key = target.key:gsub("..", function(byte)
			return string.char(tonumber(byte, 16))
		end)
	end
	plan.host = wrk.headers["Host"]
end

function request()
	if plan.member == nil then
		return "GET " .. plan.path .. " HTTP/1.1\r\nHost: " ..
		    plan.host .. "\r\n\r\n"
	end
	at = at % #plan.targets + 1
	counter = counter + 1
	local target = plan.targets[at]
	local time = milliseconds()
	local body = string.format('%s,"%s":"%s%016x"}', target.body,
	    plan.member, plan.nonce, counter)
	return table.concat({
		"POST ", plan.path, " HTTP/1.1\r\nHost: ", plan.host,
		"\r\nContent-Type: application/json\r\nContent-Length: ", #body,
		"\r\nX-Vault-Signature: v=", time,
		",d=", sign(target.key, body .. time), "\r\n\r\n", body })
end

function done(summary, latency)
	local errors = summary.errors

	io.write(string.format('RESULT {"requests":%d,"duration":%d,' ..
	    '"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,' ..
	    '"p50":%d,"p99":%d,"max":%d}\n',
	    summary.requests, summary.duration, errors.connect, errors.read,
	    errors.write, errors.timeout, errors.status,
	    latency:percentile(50), latency:percentile(99), latency.max))
end
