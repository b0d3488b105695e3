/* SPDX-License-Identifier: MIT */
/*
 * reply.h: status, JSON body and what the log line needs of it. Nothing else
 * writes to a client.
 */
#ifndef VAULT_FCGI_HTTP_REPLY_H
#define VAULT_FCGI_HTTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

struct sqlstate;

struct reply {
	int status;
	struct blob body;  /* JSON, or empty */
	const char *guard; /* the check that refused; NULL: none did */
	const char *allow; /* for 405 */
	bool broken;       /* a write below failed: becomes a 500 */
};

void reply_init(struct reply *r);
void reply_reset(struct reply *r);

/* Drops what was written and answers {"error":…,"code":…}. guard NULL: the
 * code. All three are borrowed for the reply's life. */
void reply_error(struct reply *r, int status, const char *code,
    const char *sentence, const char *guard);
void reply_refused(struct reply *r, const struct sqlstate *refused);

/*
 * Writers of JSON, in order; commas come by themselves. name NULL: an item of
 * an array, or the outermost value.
 */
void reply_begin(struct reply *r, const char *name, char bracket);
void reply_end(struct reply *r, char bracket);
void reply_text(struct reply *r, const char *name, const char *text);
void reply_int(struct reply *r, const char *name, int64_t value);
void reply_json(struct reply *r, const char *name, const char *json);
void reply_base64(
    struct reply *r, const char *name, const uint8_t *data, size_t len);

/* Turns a broken reply into a 500. Nothing is written after that. */
void reply_settle(struct reply *r);
/* The header block with its final empty line: its length, less than size. */
size_t reply_head(const struct reply *r, char *out, size_t size);

#endif
