/* SPDX-License-Identifier: MIT */
/*
 * chain.h: the versions of an environment that files brought, one behind the
 * other.
 */
#ifndef VAULT_FCGI_OPERATOR_CHAIN_H
#define VAULT_FCGI_OPERATOR_CHAIN_H

#include "operator/backup.h"

/* A version and the file that it came from. */
struct link {
	const struct record *record;
	const struct part *part;
};

/* A version that does not go with the log, nor do those of its file behind it.
 */
struct left_out {
	const struct part *part;
	int64_t version;
	int code;
};

struct chain {
	struct link *down; /* newest first, without a gap */
	size_t n;          /* 0: nobody brought any */
	int64_t first, last;
	/* One is by who may not write there any more: readers refuse it, and
	 * what is stored does not give way to it. */
	bool refused;
	struct left_out *left_out;
	size_t n_left_out;
};

/* True if the code says no more than that the log is another one than when the
 * record was made. */
bool code_is_of_log(int code);

/*
 * What the parts of a project hold of an environment, each record verified by
 * the log. -1 with a sentence: one is refused, or two files differ. Borrows the
 * parts.
 */
int chain_make(struct chain *c, const struct members *m,
    const struct backup *backup, const char *env, char said[WHY_MAX]);
void chain_reset(struct chain *c);

/* NULL: it does not have that version. */
const struct record *chain_at(const struct chain *c, int64_t version);
/* Whoever brought it. NULL: nobody did. */
const struct blob *
chain_content(const struct backup *backup, const struct record *record);

#endif
