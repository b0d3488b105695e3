/* SPDX-License-Identifier: MIT */
/*
 * history.h: the versions of an environment, judged by their records and by the
 * log. One record by itself says nothing of what is before it: record_check()
 * is never the only question.
 */
#ifndef TRUST_HISTORY_H
#define TRUST_HISTORY_H

#include "trust/members.h"

/* Decoded records, oldest first, with the bytes that they borrow. */
struct records {
	struct record *at;
	size_t n;
	struct blob bytes;
};

/* A version that was seen: of the log, or of an environment. */
struct pin {
	int64_t version;
	uint8_t hash[HASH_LEN];
	bool shared; /* from .vault-heads */
};

/* BAD_FORM, BAD_SUITE. After a failure nothing is left to reset. */
int records_read(struct records *records, const struct text *base64, size_t n);
void records_reset(struct records *records);

/* The record of the version behind `before` (NULL: the first) by the newest
 * log; key id, blob's hash, op and of are the caller's to fill. */
void record_begin(struct record *r, const struct members *m, const char *env,
    const struct record *before, const char *author, int64_t now_ms);

/*
 * WRONG_PROJECT, WRONG_ENVIRONMENT, RECORD_LOG, RECORD_CUT, RECORD_AUTHOR,
 * RECORD_SIGNATURE.
 */
int record_check(
    const struct members *m, const struct record *record, const char *env);

/* What is asked of a history. */
struct history_query {
	const char *env;
	const struct pin *pin; /* the newest seen by anybody; NULL: none */
	const struct pin *own; /* seen by this machine itself; NULL: none */
	int64_t version;       /* of the record that is wanted; 0: the newest */
	/* A cache is bound by its MAC and age, not by pins nor by the last cut:
	 * it may be older than both. */
	bool cached;
};

struct history {
	const struct record *newest;
	const struct record *wanted;
};

/* Every rule for records that a reader was given. why: what a refusal is about,
 * as far as it is known. */
int history_check(const struct members *m, const struct records *records,
    const struct history_query *query, struct history *out,
    struct finding *why);

/*
 * The same for a version that may have been made in good faith by a device that
 * was removed since: *refused is then RECORD_AUTHOR, which readers go by.
 * Anything else that is wrong is returned.
 */
int record_check_past(const struct members *m, const struct record *record,
    const char *env, int *refused);

/* A record as it is stored behind the one before it (NULL: the first at hand):
 * its place, then as record_check_past(). */
int record_check_next(const struct members *m, const struct record *before,
    const struct record *record, const char *env, int *refused);

/* The newest version as a cut names it, or as a push without looking builds
 * on it. */
struct head {
	const struct record *record;
	int refused; /* by readers: 0, RECORD_KEY or RECORD_AUTHOR */
};

/* The records begin at the own pin, or without one at the last cut or version
 * 1: what somebody else says to have seen links nothing. */
int history_head(const struct members *m, const struct records *records,
    const struct history_query *query, struct head *out, struct finding *why);

#endif
