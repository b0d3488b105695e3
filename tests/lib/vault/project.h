/* SPDX-License-Identifier: MIT */
/*
 * project.h: a project that lives in memory, for tests: devices that are
 * admitted, changed and revoked, keys that are rotated, versions that are
 * pushed, all by the library's own functions, and whatever a server or a client
 * would check is checked at each step. Random bytes come from project_random().
 */
#ifndef PROJECT_H
#define PROJECT_H

#include "trust/server-rules.h"
#include "vault/open.h"

#define P_DEVICES  8
#define P_ENVS     3
#define P_KEYS     6
#define P_ENTRIES  64
#define P_VERSIONS 64
#define P_WRAPS    2048
#define P_NOW      INT64_C(1774864000000)

struct p_version {
	char *record; /* base64 */
	char *blob;
	char *value; /* of the one secret, named A */
	uint8_t hash[HASH_LEN];
	uint8_t data_key[KEY_LEN];
};

struct p_env {
	const char *name;
	struct p_version versions[P_VERSIONS];
	size_t n;
};

struct project {
	struct members log;
	char *entries[P_ENTRIES];
	struct vault_key keys[P_KEYS];
	size_t n_keys;
	struct device devices[P_DEVICES];
	struct p_env envs[P_ENVS];
	struct wrap wraps[P_WRAPS];
	size_t n_wraps;
	uint64_t random;
};

/* The same seed is the same life. The first device is the first admin. */
struct project *project_new(uint64_t seed);
void project_free(struct project **p);
/* 0 to n - 1. */
size_t project_choose(struct project *p, size_t n);
/* Something that its rules allow; false: nothing came of it this time. */
bool project_step(struct project *p);
/* The newest log as texts, *n of them, for free(). */
struct text *project_log(const struct project *p, size_t *n);
/* What a server gives of versions first to last, to be opened at the one that
 * is wanted: JSON. */
void project_bundle(const struct project *p, const struct p_env *e,
    size_t first, size_t last, size_t wanted, struct blob *out);
/* The pins of somebody who saw all up to this version. */
void project_pins(const struct project *p, const struct p_env *e,
    size_t version, struct pins *out);

/* ---- project.c and project-log.c share ---- */

void p_must(bool good, const char *what);
struct text p_text(const char *s);
char *p_copy(const struct blob *b);
/* The newest version of each environment, sorted by name. */
size_t p_heads(const struct project *p, struct env_head heads[P_ENVS]);
void p_wrap(struct project *p, const struct p_env *e,
    const uint8_t data_key[KEY_LEN], const struct member *to);
struct entry *
p_begin(struct project *p, enum entry_kind kind, const struct device *author);
void p_describe(struct entry *e, const struct device *d);
void p_scope(struct project *p, struct entry *e, enum role role);
/* Judged as a server does. False: it would take away the last admin. */
bool p_append(struct project *p, struct entry *e, const struct device *author,
    const struct vault_key *key);
bool
p_admit(struct project *p, const struct device *admin, const struct device *d);
bool p_narrow(
    struct project *p, const struct device *admin, const struct member *member);
bool p_revoke(
    struct project *p, const struct device *admin, const struct member *member);
bool p_rotate(struct project *p, const struct device *admin);

#endif
