/* SPDX-License-Identifier: MIT */
/*
 * open.h: from what a server, a mirror or the cache gave to the plaintext, or
 * to the code of the first check that fails. Nothing here asks or stores
 * anything: clock, pins and log are given.
 */
#ifndef VAULT_OPEN_H
#define VAULT_OPEN_H

#include "trust/pins.h"
#include "vault/datakey.h"

#define SECRETS_MAX  1000000 /* names */
#define AHEAD_MAX_MS 300000  /* how far a time may lie in the future */

enum opening_source { FROM_SERVER, FROM_MIRROR, FROM_CACHE };

/* What this machine knows by itself. */
struct opening {
	const struct vault_key *key;
	const struct vault_key *next; /* VAULT_KEY_NEXT; NULL: none */
	const struct device *device;
	const char *env;
	int64_t version; /* that is wanted; 0: the newest */
	int64_t now_ms;
	const struct pins *pins;
	enum opening_source source;
	size_t log_from;         /* number of the first entry given */
	bool take_stale;         /* a person passes over RECORD_STALE */
	int64_t cached_at_ms;    /* FROM_CACHE */
	int64_t cache_max_age_s; /* can only shorten; 0: not set */
};

/* Who this machine is to the project. */
struct standing {
	const struct vault_key *key; /* the one in use */
	int64_t generation;          /* its number */
	const struct member *member; /* borrowed from the log */
	const struct grant *grant;   /* in force */
};

/* What was opened; the records' member borrows. It holds secrets. */
struct opened {
	struct standing standing;
	struct records records;
	struct history history;
	uint8_t data_key[KEY_LEN]; /* of history.wanted */
	struct blob plain;
	struct json_object secrets; /* names and values, all strings */
};

/*
 * The log that was given, from entry in->log_from on, is held against `log`,
 * which holds what was verified before (an own file, say) and gets what is new;
 * then against the pins. After a refusal `log` may hold entries that are good
 * each by itself: it is to be thrown away.
 */
int open_log(const struct opening *in, struct members *log,
    const struct text *entries, size_t n, struct finding *why);
/* True from the rotation to VAULT_KEY_NEXT on, for ever: when that is replaced
 * in its turn, a cache under it is opened by it alone. */
bool next_is_in_use(const struct members *log, const struct vault_key *key,
    const struct vault_key *next);
/* Which key is in use, and whether this device may read the environment; env
 * NULL: not asked. */
int open_standing(const struct opening *in, const struct members *log,
    struct standing *out, struct finding *why);

/*
 * All of it, to the plaintext. Returns 0, a code, or an enum vaultenv_status.
 * *out is for opened_reset() whatever it returns, and has secrets only after 0;
 * its standing borrows from log and in. A cached bundle is opened as if it had
 * come with a reply ("unchanged") by is_reply true, n_log 0 and a log_from of
 * log->n_steps.
 */
int bundle_open(const struct opening *in, struct members *log,
    const struct bundle *b, struct opened *out, struct finding *why);
void opened_reset(struct opened *o);

/* A plaintext's names and values; *o for json_object_reset(). BLOB_JSON. */
int secrets_read(struct json_object *o, const char *text, size_t len);

/*
 * The file of a cache: one line with its time and MAC, one with a bundle, which
 * is borrowed from text. CACHE_FORM, CACHE_MAC: not by this device with
 * VAULT_KEY or VAULT_KEY_NEXT.
 */
int cachefile_read(const struct opening *in, const char *text, size_t len,
    int64_t *at_ms, struct text *bundle);
int cachefile_write(struct blob *out, const struct vault_key *key,
    const struct device *device, const char *env, int64_t at_ms,
    struct text bundle);

#endif
