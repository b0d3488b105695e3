/* SPDX-License-Identifier: MIT */
/*
 * request-t: parameters and body against what libfcgi lets through.
 */
#include "config.h"

#include "http/fake-request.h"
#include "http/reply.h"
#include "tap.h"

/* Reads body as a request with this CONTENT_LENGTH (NULL: none) and cap. */
static void
reads(const char *length, const char *body, size_t cap, int error, int status,
    const char *guard, const char *name)
{
	struct request req;
	struct reply reply;
	char param[64];
	struct fake f;
	int r;

	fake_init(&f, body);
	f.error = error;
	if (length != NULL) {
		snprintf(param, sizeof(param), "CONTENT_LENGTH=%s", length);
		fake_param(&f, param);
	}
	reply_init(&reply);
	request_init(&req, &f.source);
	r = request_read_body(&req, cap, &reply);
	ok(r == (status == 200 ? 0 : -1), "%s", name);
	is_int(reply.status, status, "its status");
	is_str(refusals[reply.refusal].guard, guard, "its guard");
	if (status == 200)
		is_str((const char *)req.body.data, body, "its bytes");
	request_reset(&req);
	reply_reset(&reply);
}

static void
test_body(void)
{
	static const char *const no_numbers[] = { "-1", "+5", "5.0", "0x5",
		"5 ", " 5", "05", "5a", "a", "--" };

	reads("5", "abcde", 10, 0, 200, NULL, "as announced");
	reads("0", "", 10, 0, 200, NULL, "nothing");
	reads("", "", 10, 0, 200, NULL, "an empty length");
	reads(NULL, "", 10, 0, 200, NULL, "no length");
	reads("10", "0123456789", 10, 0, 200, NULL, "as much as may be");
	reads("11", "0123456789a", 10, 0, 413, "body_size", "one more");
	reads("99999999999999999999999", "x", 10, 0, 413, "body_size",
	    "more than any number");
	reads("5", "abcdef", 10, 0, 400, "body_length", "more than announced");
	reads("5", "abcd", 10, 0, 400, "body_length", "less than announced");
	reads(NULL, "abcd", 10, 0, 400, "body_length", "but there is a body");
	reads("5", "abcde", 10, -3, 503, "body_broken", "a broken stream");
	reads("5", "abcd", 10, -3, 503, "body_broken", "and a short one");
	for (size_t i = 0; i < sizeof(no_numbers) / sizeof(*no_numbers); i++)
		reads(no_numbers[i], "abcde", 10, 0, 400, "content_length",
		    no_numbers[i]);
}

static void
test_params(void)
{
	struct request req;
	struct reply reply;
	struct fake f;
	char uri[400];

	fake_init(&f, "");
	fake_param(&f, "REQUEST_METHOD=POST");
	fake_param(&f, "REQUEST_URI=/a/b?c=/d");
	fake_param(&f, "REQUEST_URI=/second");
	fake_param(&f, "REMOTE_ADDR=2001:db8::1");
	fake_param(&f, "REMOTE_ADDR=6.6.6.6");
	fake_param(&f, "HTTP_X_VAULT_SIGNATURE=s");
	fake_param(&f, "HTTP_X_VAULT_SIGNATURE_X=t");
	fake_param(&f, "HTTP_X_VAULT_CREATE_TOKEN=");
	fake_param(&f, "=x");
	fake_param(&f, "");
	request_init(&req, &f.source);
	is_str(req.method, "POST", "method");
	is_str(req.path, "/a/b", "path without query, the first one");
	is_str(req.remote, "2001:db8::1", "address, the first one");
	is_str(req.signature, "s", "signature");
	is_str(req.create_token, "", "token");
	is_int((intmax_t)req.n_params, 10, "all are counted");
	reply_init(&reply);
	is_int(request_check(&req, 10, &reply), 0, "as many as may be");
	is_int(request_check(&req, 9, &reply), -1, "one more");
	is_int(reply.status, 431, "is 431");
	is_int(reply.refusal, REFUSAL_PARAMS, "its guard");
	f.source.is_responder = false;
	is_int(request_check(&req, 10, &reply), -1, "another role");
	is_int(reply.refusal, REFUSAL_ROLE, "its guard");
	reply_reset(&reply);

	fake_init(&f, "");
	fake_param(&f, "HTTP_X_VAULT_SIGNATURE=s");
	fake_param(&f, "HTTP_X_VAULT_SIGNATURE=s");
	fake_param(&f, "HTTP_X_VAULT_SIGNATURE=s");
	fake_param(&f, "REMOTE_ADDR=1.2.3.4\n5");
	memset(uri, 'a', sizeof(uri));
	memcpy(uri, "REQUEST_URI=/", 13);
	uri[399] = '\0';
	fake_param(&f, uri);
	request_init(&req, &f.source);
	is_str(req.signature, NULL, "two signatures are none");
	is_str(req.remote, "unknown", "an odd address is none");
	is_int((intmax_t)strlen(req.path), REQUEST_PATH_MAX, "a path is cut");
	is_str(req.method, "", "no method");
}

static void
test_type(void)
{
	static const struct {
		const char *param;
		bool good;
	} types[] = {
		{ "X=y", false },
		{ "CONTENT_TYPE=", false },
		{ "CONTENT_TYPE=text/plain", false },
		{ "CONTENT_TYPE=application/jsonx", false },
		{ "CONTENT_TYPE=application/json", true },
		{ "CONTENT_TYPE=APPLICATION/json;charset=utf-8", true },
		{ "CONTENT_TYPE=application/json ; a=b", true },
	};
	struct request req;
	struct reply reply;
	struct fake f;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		fake_init(&f, "");
		fake_param(&f, (char *)types[i].param);
		request_init(&req, &f.source);
		reply_init(&reply);
		is_int(request_check_type(&req, &reply), types[i].good ? 0 : -1,
		    types[i].param);
		is_int(reply.status, types[i].good ? 200 : 415, "its status");
		reply_reset(&reply);
	}
}

int
main(void)
{
	test_body();
	test_params();
	test_type();
	return tap_done();
}
