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
	return r->body.text.data == NULL ? "" : (const char *)r->body.text.data;
}

int
main(void)
{
	char head[1024];
	struct reply r;

	reply_init(&r);
	json_begin(&r.body, '{');
	json_put_text(&r.body, "a", "x/\"\n\xc3\xa9");
	json_put_text(&r.body, "n", NULL);
	json_put_int(&r.body, "v", INT64_C(9007199254740991));
	json_put_name(&r.body, "l");
	json_begin(&r.body, '[');
	json_begin(&r.body, '{');
	json_put_name(&r.body, "k");
	json_put_raw(&r.body, "[\"+A\"]");
	json_end(&r.body, '}');
	json_begin(&r.body, '{');
	json_end(&r.body, '}');
	json_end(&r.body, ']');
	json_put_base64(&r.body, "b", (const uint8_t *)"\xff\xfe", 2);
	json_end(&r.body, '}');
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
	is_int((intmax_t)r.body.text.len, 79, "of that length");

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
	strcpy(r.auth, "m=00");
	reply_head(&r, head, sizeof(head));
	ok(strstr(head, "\r\nX-Vault-Reply: m=00\r\n") != NULL &&
		strstr(head, "\r\nAccess-Control-Expose-Headers: "
			     "X-Vault-Reply\r\n") != NULL,
	    "X-Vault-Reply, which pages may read");
	reply_refuse_with(
	    &r, REFUSAL_BAD_STATEMENT, "A sentence", "reason", "record_cut");
	is_str(body(&r),
	    "{\"error\":\"A sentence\",\"code\":\"bad_statement\","
	    "\"reason\":\"record_cut\"}",
	    "one says what it is about");
	reply_reset(&r);

	reply_init(&r);
	r.status = 204;
	reply_head(&r, head, sizeof(head));
	is_str(head,
	    "Status: 204 No Content\r\n"
	    "Access-Control-Allow-Origin: *\r\n"
	    "Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
	    "Access-Control-Allow-Headers: Content-Type, X-Vault-Signature, "
	    "X-Vault-Request\r\n"
	    "Access-Control-Max-Age: 86400\r\n\r\n",
	    "preflight");
	r.any_origin = false;
	reply_head(&r, head, sizeof(head));
	is_str(head, "Status: 204 No Content\r\n\r\n",
	    "where no other origin may send");

	json_begin(&r.body, '{');
	json_put_text(&r.body, "bad", "\xff");
	reply_settle(&r);
	is_int(r.status, 500, "what cannot be written is a 500");
	is_str(body(&r),
	    "{\"error\":\"Internal error\","
	    "\"code\":\"internal_error\"}",
	    "and says so");
	reply_reset(&r);
	return tap_done();
}
