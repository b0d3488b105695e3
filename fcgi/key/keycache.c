/* SPDX-License-Identifier: MIT */
/*
 * keycache.c: a table of rows of four: a key's row follows from its name, and
 * within a row the one not used for longest makes room. Clients choose parts of
 * a name, so the hash begins with a number that they do not know.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "key/keycache.h"

#define WAYS 4

struct entry {
	char name[KEYCACHE_NAME_MAX + 1]; /* empty: free */
	struct auth_key key;
	int64_t read_ms;
	uint64_t used; /* the clock of uses */
};

struct keycache {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t n_rows;
	uint64_t seed;
	uint64_t uses;
};

struct keycache *
keycache_new(int max)
{
	struct keycache *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->n_rows = ((size_t)max + WAYS - 1) / WAYS;
	if (k->n_rows > 0 &&
	    (k->entries = secmem_alloc(
		 k->n_rows * WAYS * sizeof(*k->entries))) == NULL) {
		free(k);
		return NULL;
	}
	if (random_bytes(&k->seed, sizeof(k->seed)) != 0) {
		secmem_free(k->entries, k->n_rows * WAYS * sizeof(*k->entries));
		free(k);
		return NULL;
	}
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void
keycache_free(struct keycache **k)
{
	if (k == NULL || *k == NULL)
		return;
	secmem_free(
	    (*k)->entries, (*k)->n_rows * WAYS * sizeof(*(*k)->entries));
	pthread_mutex_destroy(&(*k)->lock);
	free(*k);
	*k = NULL;
}

/* FNV-1a */
static struct entry *
row_of(struct keycache *k, const char *name)
{
	uint64_t h = k->seed;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return k->entries + h % k->n_rows * WAYS;
}

/* The name's entry, or the one that makes room for it, with k->lock held
 * from now on. NULL: nothing is kept, and no lock held. */
static struct entry *
lock_entry(struct keycache *k, const char *name, bool *found)
{
	struct entry *row, *oldest;

	if (k->n_rows == 0)
		return NULL;
	pthread_mutex_lock(&k->lock);
	oldest = row = row_of(k, name);
	*found = true;
	for (struct entry *e = row; e < row + WAYS; e++) {
		if (strcmp(e->name, name) == 0)
			return e;
		if (e->used < oldest->used)
			oldest = e;
	}
	*found = false;
	return oldest;
}

bool
keycache_get(struct keycache *k, const char *name, struct auth_key *out,
    int64_t *read_ms)
{
	bool found;
	struct entry *e = lock_entry(k, name, &found);

	if (e == NULL)
		return false;
	if (found) {
		*out = e->key;
		*read_ms = e->read_ms;
		e->used = ++k->uses;
	}
	pthread_mutex_unlock(&k->lock);
	return found;
}

void
keycache_put(struct keycache *k, const char *name, const struct auth_key *key,
    int64_t now_ms)
{
	bool found;
	struct entry *e = lock_entry(k, name, &found);

	if (e == NULL)
		return;
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->key = *key;
	e->read_ms = now_ms;
	e->used = ++k->uses;
	pthread_mutex_unlock(&k->lock);
}

void
keycache_drop(struct keycache *k, const char *name)
{
	bool found;
	struct entry *e = lock_entry(k, name, &found);

	if (e == NULL)
		return;
	if (found)
		mem_wipe(e, sizeof(*e));
	pthread_mutex_unlock(&k->lock);
}
