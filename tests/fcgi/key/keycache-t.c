/* SPDX-License-Identifier: MIT */
/*
 * keycache-t: what was put is found under its project and no other, what was
 * not used for longest makes room, and threads may do all this at once.
 */
#include "config.h"

#include <pthread.h>

#include "key/keycache.h"
#include "tap.h"

static struct keycache *shared;

static struct auth_key
key_of(int n)
{
	struct auth_key k = { .device = "" };

	memset(k.key, n, sizeof(k.key));
	memset(k.sealed, n + 1, sizeof(k.sealed));
	return k;
}

static void
project_of(char out[UUID_LEN + 1], int n)
{
	snprintf(out, UUID_LEN + 1, "%08x-0000-4000-8000-%012x",
	    (unsigned)n * 2654435761u, (unsigned)n);
}

static void
put(struct keycache *k, int n, int64_t now_ms)
{
	const struct auth_key key = key_of(n & 0x7f);
	char project[UUID_LEN + 1];

	project_of(project, n);
	keycache_put(k, project, &key, now_ms);
}

/* 0 not there, 1 there and right, -1 there and wrong. */
static int
get(struct keycache *k, int n, int64_t *read_ms)
{
	const struct auth_key right = key_of(n & 0x7f);
	struct auth_key key;
	char project[UUID_LEN + 1];

	project_of(project, n);
	if (!keycache_get(k, project, &key, read_ms))
		return 0;
	return memcmp(&key, &right, sizeof(key)) == 0 ? 1 : -1;
}

static void *
use(void *arg)
{
	const int mine = (int)(intptr_t)arg;
	int64_t read_ms;
	intptr_t wrong = 0;

	for (int i = 0; i < 20000; i++) {
		put(shared, (mine * 7 + i) % 300, i);
		if (get(shared, i % 300, &read_ms) < 0)
			wrong++;
	}
	return (void *)wrong;
}

int
main(void)
{
	pthread_t threads[4];
	int64_t read_ms = 0;
	intptr_t wrong = 0;
	int kept = 0;
	void *r;

	shared = keycache_new(64);
	is_int(get(shared, 1, &read_ms), 0, "empty: nothing is found");
	put(shared, 1, 1234);
	is_int(get(shared, 1, &read_ms), 1, "what was put is found");
	is_int((int)read_ms, 1234, "with the time at which it was read");
	is_int(get(shared, 2, &read_ms), 0, "under no other project");
	put(shared, 1, 5678);
	is_int(get(shared, 1, &read_ms), 1, "put again it is there once");
	is_int((int)read_ms, 5678, "with the new time");

	put(shared, 5, 1);
	{
		char project[UUID_LEN + 1];

		project_of(project, 5);
		keycache_drop(shared, project);
	}
	is_int(get(shared, 5, &read_ms), 0, "what was dropped is gone");
	is_int(get(shared, 1, &read_ms), 1, "and nothing else");

	/* 1 is used all the time: of its row it is never the oldest. */
	for (int n = 2; n < 2000; n++) {
		put(shared, n, n);
		if (get(shared, 1, &read_ms) != 1)
			wrong++;
	}
	is_int((int)wrong, 0, "what is in use stays");
	for (int n = 2; n < 2000; n++)
		kept += get(shared, n, &read_ms) == 1;
	ok(kept >= 32 && kept <= 64, "of 2,000 about 64 are kept (%d)", kept);

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use, (void *)(intptr_t)i);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &r);
		wrong += (intptr_t)r;
	}
	is_int((int)wrong, 0, "four threads never read a wrong key");
	keycache_free(&shared);
	keycache_free(&shared);

	shared = keycache_new(0);
	put(shared, 1, 1);
	is_int(get(shared, 1, &read_ms), 0, "room for none: none is kept");
	keycache_free(&shared);
	return tap_done();
}
