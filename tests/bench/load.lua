-- SPDX-License-Identifier: MIT
-- load.lua: what wrk sends. Each request gets a body of its own (a member with a
-- counter in it) and a signature of its own (HMAC-SHA-256 by libcrypto, over the
-- body and the present millisecond), so that no request is ever a replay.
--
--   wrk ... -s load.lua URL -- PLAN
--
-- PLAN is a Lua file, written by Bench/Load.pm, that returns
--   path     the request target
--   member   the body's member that makes it unique
--   nonce    48 hex characters, another one for each run; the member's value is
--            these and 16 of the counter, 64 hex in all
--   targets  none: a GET without a body; or asked in turn: key (64 hex, the auth key), body (JSON text without
--            its closing brace)
-- A target that has id is asked in protocol v2: key is the request key, id its
-- name, the body whole, and the MAC over all of it. One that has sign, too, is
-- pushed to: its record is head, version + 1, prev, tail, signed (libsodium),
-- and the next one follows on it. There must be so many targets that each has
-- its answer before it is asked again.
-- The last line printed begins with RESULT and is JSON; times are in us.
local ffi = require("ffi")

ffi.cdef [[
typedef struct { long sec; long usec; } bench_time;
int gettimeofday(bench_time *now, void *zone);
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len,
    const char *data, size_t len, unsigned char *mac, unsigned *mac_len);
unsigned char *SHA256(const char *data, size_t len, unsigned char *hash);
int EVP_EncodeBlock(char *text, const char *data, int len);
int crypto_sign_detached(unsigned char *signature, void *len, const char *data,
    unsigned long long data_len, const char *secret);
]]
local crypto = ffi.load("libcrypto.so.3")
local sha256 = crypto.EVP_sha256()
local now = ffi.new("bench_time")
local mac = ffi.new("unsigned char[32]")
local mac_len = ffi.new("unsigned[1]")
local hash = ffi.new("unsigned char[32]")
local signature = ffi.new("unsigned char[64]")
local base64 = ffi.new("char[4096]")
local hex = ffi.new("char[64]")
local digits = ffi.new("char[16]", "0123456789abcdef")
local plan, sodium, counter, at, looked = nil, nil, 0, 0, false

local function milliseconds()
	ffi.C.gettimeofday(now, nil)
	return string.format("%.0f",
	    tonumber(now.sec) * 1000 + math.floor(tonumber(now.usec) / 1000))
end

local function from_hex(text)
	return (text:gsub("..", function(byte)
		return string.char(tonumber(byte, 16))
	end))
end

local function hmac(key, text)
	crypto.HMAC(sha256, key, 32, text, #text, mac, mac_len)
	for i = 0, 31 do
		hex[2 * i] = digits[bit.rshift(mac[i], 4)]
		hex[2 * i + 1] = digits[bit.band(mac[i], 15)]
	end
	return ffi.string(hex, 64)
end

-- n bytes, the highest first.
local function number(value, n)
	local bytes = string.char(bit.band(bit.rshift(value, 24), 255),
	    bit.band(bit.rshift(value, 16), 255),
	    bit.band(bit.rshift(value, 8), 255), bit.band(value, 255))
	return string.rep("\0", n - 4) .. bytes
end

local function lp(bytes)
	return number(#bytes, 4) .. bytes
end

local function digest(text)
	crypto.SHA256(text, #text, hash)
	return ffi.string(hash, 32)
end

-- The header of protocol v1, over the body.
local function signed(target, body, time)
	return "X-Vault-Signature: v=" .. time .. ",d=" ..
	    hmac(target.key, body .. time)
end

-- That of protocol v2, over the whole request.
local function authenticated(target, body, time)
	local text = table.concat({ plan.start, "\0\0\0\13", time, "\0\0\0\16",
	    plan.salt, number(counter, 4), "\0\0\0\32", digest(body) })
	return table.concat({ "X-Vault-Request: v=", time, ",k=", target.id,
	    ",n=", plan.salt_hex, string.format("%08x", counter), ",m=",
	    hmac(target.key, text) })
end

local function next_push(target)
	local record = target.head .. lp(number(target.version + 1, 8)) ..
	    lp(target.prev) .. target.tail
	target.version = target.version + 1
	target.prev = digest(record)
	sodium.crypto_sign_detached(signature, nil, record, #record, target.sign)
	record = record .. ffi.string(signature, 64)
	local len = crypto.EVP_EncodeBlock(base64, record, #record)
	return target.body .. ',"record":"' .. ffi.string(base64, len) .. '"}'
end

function init(args)
	plan = dofile(args[1])
	plan.salt_hex = plan.nonce:sub(1, 24)
	plan.salt = from_hex(plan.salt_hex)
	plan.start = lp("vault-request-v2") .. lp("POST") .. lp(plan.path)
	for _, target in ipairs(plan.targets) do
		for _, name in ipairs({"key", "sign", "head", "tail", "prev"}) do
			target[name] = target[name] and from_hex(target[name])
		end
		if target.sign and not sodium then
			sodium = ffi.load("libsodium.so.23")
		end
	end
	plan.host = wrk.headers["Host"]
end

function request()
	-- wrk looks at one first that it does not send.
	if not looked or #plan.targets == 0 then
		looked = true
		return "GET " .. plan.path .. " HTTP/1.1\r\nHost: " ..
		    plan.host .. "\r\n\r\n"
	end
	at = at % #plan.targets + 1
	counter = counter + 1
	local target = plan.targets[at]
	local time = milliseconds()
	local body = target.body
	if target.sign then
		body = next_push(target)
	elseif plan.member then
		body = string.format('%s,"%s":"%s%016x"}', body, plan.member,
		    plan.nonce, counter)
	end
	return table.concat({
		"POST ", plan.path, " HTTP/1.1\r\nHost: ", plan.host,
		"\r\nContent-Type: application/json\r\nContent-Length: ", #body,
		"\r\n", (target.id and authenticated or signed)(target, body, time),
		"\r\n\r\n", body })
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
