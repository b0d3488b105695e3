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
#include "http/refusal.h"
#include "wire/mac.h"

struct reply {
	int status;
	struct json_writer body; /* whoever answers writes into it */
	enum refusal refusal;
	const char *allow;               /* for 405 */
	char auth[REPLY_HEADER_LEN + 1]; /* X-Vault-Reply; empty: none */
	/* Pages of any origin may read it, and ask whether they may send. */
	bool any_origin;
};

void reply_init(struct reply *r);
void reply_reset(struct reply *r);

/* Drops what was written and answers {"error":…,"code":…}. */
void reply_refuse(struct reply *r, enum refusal refusal);
/* The same, by a sentence that the table leaves open. */
void
reply_refuse_as(struct reply *r, enum refusal refusal, const char *sentence);
/* The same, and the member that the table allows it. */
void reply_refuse_int(struct reply *r, enum refusal refusal, int64_t value);
/* A sentence that the table leaves open, and another member, a text. */
void reply_refuse_with(struct reply *r, enum refusal refusal,
    const char *sentence, const char *name, const char *text);
/* For a body with members of its own: writes these two into the object that is
 * open, and sets the status. */
void reply_refusal(struct reply *r, enum refusal refusal);

/* Turns a body that could not be written into a 500. Nothing is written after
 * that. */
void reply_settle(struct reply *r);
/* The header block with its final empty line: its length, less than size. */
size_t reply_head(const struct reply *r, char *out, size_t size);

#endif
