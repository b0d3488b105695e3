/* SPDX-License-Identifier: MIT */
/*
 * pins.h: what was seen of a project: the newest entry of its log and the
 * newest version of each environment. Kept in ~/.vault/<project id>.heads, and
 * shared through git in .vault-heads:
 *
 *	vault-heads-v2 <project id>
 *	log <seq> <hash>
 *	env <name> <version> <hash>
 */
#ifndef TRUST_PINS_H
#define TRUST_PINS_H

#include "trust/history.h"

struct env_pin {
	char env[ENV_LEN_MAX + 1];
	struct pin pin; /* the newest that anybody has seen */
	struct pin own; /* that this machine has; version 0: none */
};

struct pins {
	bool has_log;
	struct pin log;       /* version is the seq */
	struct env_pin *envs; /* sorted by name */
	size_t n_envs;
	struct env_pin fork; /* where two hashes met; env "": in the log */
};

void pins_reset(struct pins *pins);

/*
 * Adds what a file says; the highest number counts, the same number with two
 * hashes is LOG_FORK or RECORD_FORK. Lines behind the first in any order and
 * any number of times, as a merge leaves them, else HEADS_FORM; that, too, of
 * more environments than a project can have. shared: it is a .vault-heads; one
 * of another project is passed over, *other is then true. After a failure the
 * pins are to be reset.
 */
int pins_read(struct pins *pins, const char *project, const char *text,
    size_t len, bool shared, bool *other);
/* Appends the file; INVALID without a pin of the log. */
int pins_write(struct blob *out, const char *project, const struct pins *pins);

/* The newest that was seen, by this machine or by who wrote .vault-heads. NULL:
 * nothing. */
const struct pin *pins_find(const struct pins *pins, const char *env);
/* The newest that this machine has verified itself, which alone says that what
 * follows on it hangs together. NULL: nothing. */
const struct pin *pins_own(const struct pins *pins, const char *env);
/* What is asked of a history of env, of which that was seen: the newest. */
struct history_query pins_query(const struct pins *pins, const char *env);
/* Never lowers. RECORD_FORK, LOG_FORK; HEADS_FORM: one environment too many. */
int pins_raise(struct pins *pins, const char *env, const struct pin *pin);
int pins_raise_log(struct pins *pins, const struct pin *pin);
/* For a user who accepts a loss: lowers as well; version 0 takes it away. */
int pins_set(struct pins *pins, const char *env, const struct pin *pin);
/* True if what was seen is of this chain, or lies before its first record. */
bool pin_fits(const struct pin *pin, const struct records *chain);
/* Appends a file's text without the lines of env that do not fit. */
int pins_drop(struct blob *out, const char *text, size_t len, const char *env,
    const struct records *chain);
/* LOG_SHORT, LOG_FORK: the log is not the one that was seen. */
int pins_check_log(const struct pins *pins, const struct members *m);

#endif
