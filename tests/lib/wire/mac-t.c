/* SPDX-License-Identifier: MIT */
/* mac-t.c: X-Vault-Request and X-Vault-Reply, by the vectors and both ways. */
#include "config.h"

#include "vectors-v2.h"
#include "wire/mac.h"

/* As a server does: form, the key of that id, MAC, time. */
static int
judge_request(struct json_object *c, struct json_object *result)
{
	const struct text header = vector_text(c, "header");
	const struct text body = vector_text(c, "body");
	const struct request_text text = { vector_str(c, "method"),
		vector_str(c, "path"), body.at, body.len };
	uint8_t key[REQUEST_KEY_LEN], id[REQUEST_ID_LEN];
	struct request_auth auth;
	int r;

	vector_hex(c, "request_key", key, sizeof(key));
	if ((r = request_header_read(&auth, header.at, header.len)) != 0)
		return r;
	if ((r = request_id(id, key)) != 0)
		return r;
	if (memcmp(id, auth.id, sizeof(id)) != 0)
		return CODE_REQUEST_KEY_UNKNOWN;
	r = request_verify(&auth, key, &text, vector_int(c, "now"));
	if (r == 0)
		result_hex(result, "mac", auth.mac, MAC_LEN);
	return r;
}

static int
judge_reply(struct json_object *c, struct json_object *result)
{
	const struct text header = vector_text(c, "header");
	const struct text body = vector_text(c, "body");
	uint8_t key[REQUEST_KEY_LEN], mac[MAC_LEN];

	(void)result;
	vector_hex(c, "request_key", key, sizeof(key));
	vector_hex(c, "request_mac", mac, sizeof(mac));
	return reply_verify(header.at, header.len, key, mac,
	    (int)vector_int(c, "status"), body.at, body.len);
}

static void
test_both_ways(void)
{
	const struct request_text text = { "POST", "/api/v2/log/read", "{}",
		2 };
	const uint8_t key[REQUEST_KEY_LEN] = "what both of them know";
	char header[REQUEST_HEADER_LEN + 1], reply[REPLY_HEADER_LEN + 1];
	struct request_auth auth = { .time_ms = 1774864000000 }, read;

	is_int(request_sign(&auth, key, &text), 0, "a request is signed");
	request_header_write(header, &auth);
	is_int(request_header_read(&read, header, strlen(header)), 0,
	    "its header is read");
	ok(memcmp(&read, &auth, sizeof(auth)) == 0, "as it was written");
	is_int(request_verify(&read, key, &text, auth.time_ms + 300000), 0,
	    "and is good for five minutes");
	is_int(request_verify(&read, key, &text, auth.time_ms + 300001),
	    CODE_REQUEST_TIME, "and no longer");
	is_int(reply_header_write(reply, key, auth.mac, 200, "{}", 2), 0,
	    "its reply is authenticated");
	is_int(reply_verify(reply, strlen(reply), key, auth.mac, 200, "{}", 2),
	    0, "and taken");
	is_int(reply_verify(NULL, 0, key, auth.mac, 200, "{}", 2),
	    CODE_REPLY_MAC, "without a header it is none");
	is_int(reply_verify(reply, strlen(reply), key, auth.mac, 7, "{}", 2),
	    CODE_REPLY_MAC, "nor with a status of one digit");
	for (size_t i = 0; i < REQUEST_HEADER_LEN; i++) {
		header[i] ^= 1;
		if (request_header_read(&read, header, strlen(header)) == 0 &&
		    memcmp(&read, &auth, sizeof(auth)) == 0)
			ok(false, "one spelling only: byte %zu", i);
		header[i] ^= 1;
	}
}

int
main(void)
{
	vectors_run("request", judge_request);
	vectors_run("reply", judge_reply);
	test_both_ways();
	return tap_done();
}
