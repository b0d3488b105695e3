/* SPDX-License-Identifier: MIT */
/*
 * reply.c: replies as CGI wants them. JSON is written straight into the body:
 * every reply is a flat object or a list of such, and a blob of a megabyte
 * should not be copied through a tree of objects.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "http/reply.h"

#define BODY_MAX ((size_t)16 << 20) /* any max_body, in base64 */

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
	{ 507, "Insufficient Storage" },
};

void
reply_init(struct reply *r)
{
	*r = (struct reply){ .status = 200, .any_origin = true };
	json_writer_init(&r->body, BODY_MAX);
}

void
reply_reset(struct reply *r)
{
	json_writer_reset(&r->body);
}

static void
refuse(struct reply *r, enum refusal refusal, const char *sentence)
{
	r->status = refusals[refusal].status;
	r->refusal = refusal;
	json_put_text(&r->body, "error", sentence);
	json_put_text(&r->body, "code", refusals[refusal].code);
}

static void
begin_anew(struct reply *r)
{
	json_writer_reset(&r->body);
	json_begin(&r->body, '{');
}

void
reply_refusal(struct reply *r, enum refusal refusal)
{
	refuse(r, refusal, refusals[refusal].sentence);
}

void
reply_refuse_as(struct reply *r, enum refusal refusal, const char *sentence)
{
	begin_anew(r);
	refuse(r, refusal, sentence);
	json_end(&r->body, '}');
}

void
reply_refuse(struct reply *r, enum refusal refusal)
{
	reply_refuse_as(r, refusal, refusals[refusal].sentence);
}

void
reply_refuse_int(struct reply *r, enum refusal refusal, int64_t value)
{
	begin_anew(r);
	reply_refusal(r, refusal);
	json_put_int(&r->body, refusals[refusal].member, value);
	json_end(&r->body, '}');
}

void
reply_refuse_with(struct reply *r, enum refusal refusal, const char *sentence,
    const char *name, const char *text)
{
	begin_anew(r);
	refuse(r, refusal, sentence);
	json_put_text(&r->body, name, text);
	json_end(&r->body, '}');
}

static const char *
phrase_of(int status)
{
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Error";
}

void
reply_settle(struct reply *r)
{
	if (r->body.r != 0)
		reply_refuse(r, REFUSAL_INTERNAL);
}

size_t
reply_head(const struct reply *r, char *out, size_t size)
{
	const bool preflight = r->status == 204;
	int n;

	/* Without its phrase nginx sends a status line without one. */
	n = snprintf(out, size,
	    "Status: %d %s\r\n"
	    "%s%s%s%s%s%s",
	    r->status, phrase_of(r->status),
	    r->any_origin ? "Access-Control-Allow-Origin: *\r\n" : "",
	    preflight && r->any_origin
		? "Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
		  "Access-Control-Allow-Headers: Content-Type, "
		  "X-Vault-Signature, X-Vault-Request\r\n"
		  "Access-Control-Max-Age: 86400\r\n"
		: "",
	    r->allow != NULL ? "Allow: " : "", r->allow != NULL ? r->allow : "",
	    r->allow != NULL ? "\r\n" : "",
	    r->status == 503 ? "Retry-After: 1\r\n" : "");
	if (r->auth[0] != '\0')
		n += snprintf(out + n, size - (size_t)n,
		    "X-Vault-Reply: %s\r\n%s", r->auth,
		    r->any_origin ? "Access-Control-Expose-Headers: "
				    "X-Vault-Reply\r\n"
				  : "");
	if (!preflight)
		n += snprintf(out + n, size - (size_t)n,
		    "Content-Type: application/json\r\n"
		    "Cache-Control: no-store\r\n"
		    "Content-Length: %zu\r\n",
		    r->body.text.len);
	n += snprintf(out + n, size - (size_t)n, "\r\n");
	return (size_t)n;
}
