/* SPDX-License-Identifier: MIT */
/*
 * members.h: the log of a project and what follows from it: who is a member
 * with which rights, which join keys there were, and where the cuts lie. It
 * keeps every state that was, so the past can be asked.
 */
#ifndef TRUST_MEMBERS_H
#define TRUST_MEMBERS_H

#include "wire/statement.h"

#define LOG_ENTRIES_MAX 100000 /* a client refuses more */

/* What a member may, from behind entry seq on. */
struct grant {
	int64_t seq;
	bool revoked;
	int64_t role;
	int64_t expires_ms;
	int64_t cache_s;
	int64_t fresh_s;
	size_t n_envs;
	char (*envs)[ENV_LEN_MAX + 1];
};

struct member {
	char id[ID_LEN + 1];
	char name[DEVICE_NAME_LEN_MAX + 1];
	uint8_t sign[PUBLIC_KEY_LEN];
	uint8_t box[PUBLIC_KEY_LEN];
	struct grant *grants; /* oldest first; the last is in force */
	size_t n_grants;
};

/* At entry seq the environment stood at version with hash. */
struct mark {
	int64_t seq;
	int64_t version;
	uint8_t hash[HASH_LEN];
};

struct marks {
	char env[ENV_LEN_MAX + 1];
	struct mark *at; /* oldest first: neither seq nor version falls */
	size_t n;
};

/* A VAULT_KEY, by its join key; old_psk seals the one before it. */
struct generation {
	uint8_t join[PUBLIC_KEY_LEN];
	uint8_t old_psk[OLD_PSK_LEN];
	int64_t seq; /* of the entry that brought it */
};

/* What is kept of an entry. */
struct step {
	uint8_t hash[HASH_LEN];
	int64_t at_ms;
	char author[ID_LEN + 1];
};

struct members {
	char project[ID_LEN + 1];
	struct step *steps; /* the entries, by seq */
	size_t n_steps;
	struct member *members; /* in the order of their admission */
	size_t n_members;
	uint32_t *by_id;     /* their numbers, sorted by id */
	struct marks *marks; /* sorted by environment */
	size_t n_marks;
	struct generation *generations;
	size_t n_generations;
	size_t n_admins;
};

void members_init(struct members *m, const char *project);
/* Frees; m is then as after members_init() of the same project. */
void members_reset(struct members *m);

/*
 * The next entry, judged by every rule in order; then it is part of the log.
 * verify false: its signatures were looked at before (an own file, a server's
 * own table); all else counts. A refusal changes nothing. After NOMEM nothing
 * may follow but members_reset().
 */
int members_apply(struct members *m, const struct entry *e, bool verify);

/*
 * Entries in base64, the first of them number `from` (at most m->n_steps):
 * those that are known must be the same (LOG_FORK), the others are applied.
 * n_good: of them, before the one that was refused.
 */
int members_continue(struct members *m, size_t from, const struct text *entries,
    size_t n, bool verify, size_t *n_good);

/* The next entry of this log as far as its place goes; the rest is zero and
 * the caller's to fill. */
void entry_begin(struct entry *e, const struct members *m, enum entry_kind kind,
    const char *author, int64_t now_ms);

/* NULL: was never admitted. */
const struct member *members_find(const struct members *m, const char *id);
const struct grant *member_now(const struct member *member);
/* What was in force right before entry seq; NULL: not yet admitted. */
const struct grant *member_before(const struct member *member, int64_t seq);
/* True if there was a time when it might read that. */
bool member_could_read(const struct member *member, const char *env);
/* NULL reads and writes nothing. */
bool grant_has_env(const struct grant *grant, const char *env);
bool grant_reads(const struct grant *grant, const char *env);
bool grant_writes(const struct grant *grant, const char *env);
/* NULL: there are none. */
const struct marks *members_marks(const struct members *m, const char *env);
const struct mark *members_cut(const struct members *m, const char *env);
/* The number of a join key; -1: it is none of the log's. */
int64_t
members_generation(const struct members *m, const uint8_t join[PUBLIC_KEY_LEN]);
/* True if the log has an entry with this hash. */
bool members_have_entry(const struct members *m, const uint8_t hash[HASH_LEN]);

#endif
