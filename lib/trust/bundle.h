/* SPDX-License-Identifier: MIT */
/*
 * bundle.h: what is needed to verify and open one version of an environment, as
 * it travels: in a reply, from a mirror, on a stick, in the cache. Its parts as
 * they came: nothing here is verified yet.
 *
 *	{"vault_bundle":2,"project_id","environment","log":[base64...],
 *	 "records":[base64...],"wraps":[{"device_id","key_id","generation",
 *	 "wrap"}...],"secrets":base64}
 */
#ifndef TRUST_BUNDLE_H
#define TRUST_BUNDLE_H

#include "base/json.h"
#include "wire/statement.h"

/* A file with a bundle a line, as a client writes it for an operator: bytes. */
#define BUNDLES_MAX ((size_t)320 << 20)

/* A data key for one device. */
struct wrap {
	char device[ID_LEN + 1];
	uint8_t key_id[HASH_LEN];
	int64_t generation;
	uint8_t bytes[WRAP_LEN];
	size_t len; /* other than WRAP_LEN: it opens nothing */
};

/* Texts are borrowed from the document; at NULL is the JSON null. */
struct bundle {
	bool is_reply; /* it names no project, no environment */
	struct text project;
	struct text env;
	struct text *log;
	size_t n_log;
	struct text *records;
	size_t n_records;
	struct wrap *wraps;
	size_t n_wraps;
	struct text secrets;
	struct json_object json; /* bundle.c's own */
};

/* BAD_FORM. text is borrowed. After a failure nothing is left to reset. */
int bundle_read(struct bundle *b, const char *text, size_t len);
/* The same from a reply's members log, records, wraps and secrets, each of
 * which may be missing. The object is borrowed, its strings are written to. */
int bundle_read_reply(struct bundle *b, struct json_object *reply);
/* Of secrets/records: the records, and of each the content, an empty text where
 * that is gone or was not asked for; *contents is for free(), n_records long.
 */
int bundle_read_records(
    struct bundle *b, struct text **contents, struct json_object *reply);
void bundle_reset(struct bundle *b);
/* Appends it on one line, without a line feed. */
int bundle_write(struct blob *out, const struct bundle *b);

#endif
