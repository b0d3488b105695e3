/* SPDX-License-Identifier: MIT */
/*
 * replay-t: a digest belongs to its first route for as long as its signature
 * can be fresh, and the table stays bounded.
 */
#include "config.h"

#include <pthread.h>

#include "api/replay.h"
#include "tap.h"

#define LIFE (SIGNATURE_MAX_AGE_MS + SIGNATURE_MAX_AHEAD_MS)

static struct replay *shared;

static void
digest_of(uint8_t digest[MAC_LEN], uint64_t n)
{
	/* Spread as a MAC is (splitmix64). */
	for (int i = 0; i < 4; i++) {
		uint64_t z = n + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		memcpy(digest + 8 * i, &z, 8);
	}
}

static void *
bind_many(void *arg)
{
	const uint8_t route = (uint8_t)(uintptr_t)arg;
	uint8_t digest[MAC_LEN];
	uintptr_t mine = 0;

	for (uint64_t i = 0; i < 20000; i++) {
		digest_of(digest, i);
		if (replay_bind(shared, digest, route, 1))
			mine++;
	}
	return (void *)mine;
}

static void
test_threads(void)
{
	pthread_t threads[4];
	uintptr_t sum = 0;
	void *mine;

	shared = replay_new(1000000);
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, bind_many, (void *)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &mine);
		sum += (uintptr_t)mine;
	}
	is_int((intmax_t)sum, 20000, "of four threads one wins each digest");
	replay_free(&shared);
}

int
main(void)
{
	struct replay *r = replay_new(1000000);
	uint8_t a[MAC_LEN], b[MAC_LEN], d[MAC_LEN];
	const int64_t t = 1000000;
	int kept = 0;

	digest_of(a, 1);
	ok(replay_bind(r, a, 3, t), "a new digest");
	ok(replay_bind(r, a, 3, t + 1), "again on its path");
	ok(!replay_bind(r, a, 4, t + 2), "on another path");
	ok(replay_bind(r, a, 3, t + 3), "which does not take it over");
	memcpy(b, a, sizeof(b));
	b[14] ^= 1;
	ok(replay_bind(r, b, 4, t), "one bit makes another digest");
	ok(!replay_bind(r, a, 4, t + LIFE - 1), "for the signature's life");
	ok(replay_bind(r, a, 4, t + 10 * LIFE), "and is forgotten later");

	/* Whenever it comes within a generation, its life is whole. */
	for (int64_t at = t; at < t + 2 * LIFE; at += 7919) {
		struct replay *s = replay_new(1000000);

		/* Same shard as a: byte 0 is the same. */
		for (int64_t k = t; k < at; k += 40000) {
			digest_of(d, (uint64_t)k);
			d[0] = a[0];
			replay_bind(s, d, 0, k);
		}
		replay_bind(s, a, 3, at);
		for (int64_t k = at; k < at + LIFE; k += 40000) {
			digest_of(d, (uint64_t)k);
			d[0] = a[0];
			replay_bind(s, d, 0, k);
		}
		kept += replay_bind(s, a, 4, at + LIFE - 1);
		replay_free(&s);
	}
	is_int(kept, 0, "never forgotten too early");
	replay_free(&r);

	/* 64,000 in each generation: of a million, the last ones are known. */
	r = replay_new(64000);
	for (uint64_t i = 0; i < 1000000; i++) {
		digest_of(d, i);
		replay_bind(r, d, 1, t);
	}
	for (uint64_t i = 940000; i < 1000000; i++) {
		digest_of(d, i);
		kept += !replay_bind(r, d, 2, t);
	}
	ok(kept > 59000, "when full the oldest go: %d of 60000 kept", kept);
	digest_of(d, 0);
	ok(replay_bind(r, d, 2, t), "the first one is gone");
	replay_free(&r);
	replay_free(&r);
	test_threads();
	return tap_done();
}
