/* SPDX-License-Identifier: MIT */
/*
 * replay.c: digest -> route, in memory, bounded. Two generations: new digests
 * enter the young one; when it is as old as a signature can live, or full, it
 * becomes the old one and what was old is forgotten. So a digest is remembered
 * for at least the life of a signature, unless more than `max` arrive within
 * it. Sharded by the digest's first byte, so that threads seldom wait for each
 * other and a table that grows holds up one shard only.
 *
 * Digests are MACs that have been verified, hence as good as random: their
 * own bytes serve as the hash.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/replay.h"

#define N_SHARDS  64
#define SLOTS_MIN 64
#define LIFE_MS   (SIGNATURE_MAX_AGE_MS + SIGNATURE_MAX_AHEAD_MS)
#define KEPT_LEN  15 /* bytes of a digest that tell it from all others */

struct slot {
	uint8_t digest[KEPT_LEN];
	uint8_t route; /* and 1; 0: the slot is free */
};

struct generation {
	struct slot *slots;
	size_t n_slots; /* a power of two, or 0 */
	size_t n_used;
};

struct shard {
	pthread_mutex_t lock;
	struct generation young, old;
	int64_t young_since_ms;
};

struct replay {
	size_t shard_max;
	struct shard shards[N_SHARDS];
};

struct replay *
replay_new(size_t max)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->shard_max = max / N_SHARDS > 0 ? max / N_SHARDS : 1;
	for (int i = 0; i < N_SHARDS; i++)
		pthread_mutex_init(&r->shards[i].lock, NULL);
	return r;
}

void
replay_free(struct replay **r)
{
	if (r == NULL || *r == NULL)
		return;
	for (int i = 0; i < N_SHARDS; i++) {
		pthread_mutex_destroy(&(*r)->shards[i].lock);
		free((*r)->shards[i].young.slots);
		free((*r)->shards[i].old.slots);
	}
	free(*r);
	*r = NULL;
}

/* The digest's slot, or the free one where it belongs. n_slots is not 0. */
static struct slot *
probe(const struct generation *g, const uint8_t digest[KEPT_LEN])
{
	uint64_t h;

	/* Byte 0 chose the shard. */
	memcpy(&h, digest + KEPT_LEN - sizeof(h), sizeof(h));
	for (size_t i = h & (g->n_slots - 1);; i = (i + 1) & (g->n_slots - 1)) {
		struct slot *s = &g->slots[i];

		if (s->route == 0 || memcmp(s->digest, digest, KEPT_LEN) == 0)
			return s;
	}
}

static struct slot *
lookup(const struct generation *g, const uint8_t digest[MAC_LEN])
{
	struct slot *s;

	if (g->n_slots == 0)
		return NULL;
	s = probe(g, digest);
	return s->route != 0 ? s : NULL;
}

static bool
make_room(struct generation *g)
{
	struct generation grown = { .n_used = g->n_used };

	if ((g->n_used + 1) * 4 <= g->n_slots * 3)
		return true;
	grown.n_slots = g->n_slots == 0 ? SLOTS_MIN : g->n_slots * 2;
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return false;
	for (size_t i = 0; i < g->n_slots; i++)
		if (g->slots[i].route != 0)
			*probe(&grown, g->slots[i].digest) = g->slots[i];
	free(g->slots);
	*g = grown;
	return true;
}

static void
insert(struct generation *g, const uint8_t digest[MAC_LEN], uint8_t route)
{
	struct slot *s;

	if (!make_room(g))
		return;
	s = probe(g, digest);
	memcpy(s->digest, digest, KEPT_LEN);
	s->route = route + 1;
	g->n_used++;
}

static void
age(struct shard *s, size_t max, int64_t now_ms)
{
	const int64_t lived = now_ms - s->young_since_ms;

	if (lived < LIFE_MS && s->young.n_used < max)
		return;
	free(s->old.slots);
	s->old = s->young;
	if (lived >= 2 * LIFE_MS) {
		free(s->old.slots);
		memset(&s->old, 0, sizeof(s->old));
	}
	memset(&s->young, 0, sizeof(s->young));
	s->young_since_ms = now_ms;
}

bool
replay_bind(struct replay *r, const uint8_t digest[MAC_LEN], uint8_t route,
    int64_t now_ms)
{
	struct shard *s = &r->shards[digest[0] % N_SHARDS];
	const struct slot *found;
	bool ok;

	pthread_mutex_lock(&s->lock);
	age(s, r->shard_max, now_ms);
	if ((found = lookup(&s->young, digest)) == NULL)
		found = lookup(&s->old, digest);
	ok = found == NULL || found->route == route + 1;
	if (found == NULL)
		insert(&s->young, digest, route);
	pthread_mutex_unlock(&s->lock);
	return ok;
}
