/* SPDX-License-Identifier: MIT */
/*
 * reply-t: bodies and headers, byte for byte.
 */
#include "config.h"

#include "http/reply.h"
#include "tap.h"

static const char *
body(const struct reply *r)
{
	return r->body.data == NULL ? "" : (const char *)r->body.data;
}

int
main(void)
{
	char head[1024];
	struct reply r;

	reply_init(&r);
	reply_begin(&r, NULL, '{');
	reply_text(&r, "a", "x/\"\n\xc3\xa9");
	reply_text(&r, "n", NULL);
	reply_int(&r, "v", INT64_C(9007199254740991));
	reply_begin(&r, "l", '[');
	reply_begin(&r, NULL, '{');
	reply_json(&r, "k", "[\"+A\"]");
	reply_end(&r, '}');
	reply_begin(&r, NULL, '{');
	reply_end(&r, '}');
	reply_end(&r, ']');
	reply_base64(&r, "b", (const uint8_t *)"\xff\xfe", 2);
	reply_end(&r, '}');
	reply_settle(&r);
	is_str(body(&r),
	    "{\"a\":\"x/\\\"\\n\xc3\xa9\",\"n\":null,"
	    "\"v\":9007199254740991,\"l\":[{\"k\":[\"+A\"]},{}],"
	    "\"b\":\"//4=\"}",
	    "JSON with its commas");
	reply_head(&r, head, sizeof(head));
	is_str(head,
	    "Status: 200 OK\r\n"
	    "Access-Control-Allow-Origin: *\r\n"
	    "Content-Type: application/json\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Length: 79\r\n\r\n",
	    "the header block");
	is_int((intmax_t)r.body.len, 79, "of that length");

	reply_refuse_as(&r, REFUSAL_INPUT_VALUE, "A sentence");
	is_str(body(&r),
	    "{\"error\":\"A sentence\",\"code\":\"invalid_field\"}",
	    "a refusal replaces what was written");
	is_int(r.status, 400, "its status");
	is_int(r.refusal, REFUSAL_INPUT_VALUE, "is known by its name");
	reply_refuse_int(&r, REFUSAL_VERSION_CONFLICT, 7);
	is_str(body(&r),
	    "{\"error\":\"Environment has changed\","
	    "\"code\":\"version_conflict\",\"version\":7}",
	    "one may carry a member");
	is_int(r.status, 409, "its status");

	reply_refuse(&r, REFUSAL_UNAVAILABLE);
	is_str(body(&r),
	    "{\"error\":\"Database unavailable\","
	    "\"code\":\"database_unavailable\"}",
	    "503");
	reply_head(&r, head, sizeof(head));
	ok(strstr(head, "Status: 503 Service Unavailable\r\n") == head &&
		strstr(head, "\r\nRetry-After: 1\r\n") != NULL,
	    "with Retry-After");

	r.status = 405;
	r.allow = "POST, OPTIONS";
	reply_head(&r, head, sizeof(head));
	ok(strstr(head, "\r\nAllow: POST, OPTIONS\r\n") != NULL, "Allow");
	r.allow = NULL;
	reply_reset(&r);

	reply_init(&r);
	r.status = 204;
	reply_head(&r, head, sizeof(head));
	is_str(head,
	    "Status: 204 No Content\r\n"
	    "Access-Control-Allow-Origin: *\r\n"
	    "Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
	    "Access-Control-Allow-Headers: Content-Type, X-Vault-Signature\r\n"
	    "Access-Control-Max-Age: 86400\r\n\r\n",
	    "preflight");

	reply_begin(&r, NULL, '{');
	reply_text(&r, "bad", "\xff");
	reply_settle(&r);
	is_int(r.status, 500, "what cannot be written is a 500");
	is_str(body(&r),
	    "{\"error\":\"Internal error\","
	    "\"code\":\"internal_error\"}",
	    "and says so");
	reply_reset(&r);
	return tap_done();
}
