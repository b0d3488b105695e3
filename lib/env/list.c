/* SPDX-License-Identifier: MIT */
/*
 * list.c: the ordered map of names and values. An array keeps the order, a hash
 * index beside it finds a name. Every byte of a value is wiped before its
 * memory is given back. Must not know where pairs come from or go to.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "env/env.h"
#include "env/hash.h"

#define NAMES_MAX   1000000u
#define BYTES_MAX   ((size_t)16 << 20) /* of values; of names as well */
#define ENTRIES_MIN 8u
#define CHUNK_MIN   ((size_t)512)
#define CHUNK_MAX   ((size_t)4 << 20)
#define WASTE_MAX   ((size_t)64 << 10) /* and no more than is in use */
#define HUGE_PAGE   ((size_t)2 << 20)

struct entry {
	struct vaultenv_pair pair; /* points into the chunks */
	uint32_t name_len;
	uint32_t hash;
};

/*
 * The index: open addressing, linear probing. A slot holds an entry's number
 * + 1 in its low bits, 0 when it is free, and above it bits of the hash, so
 * that a probe seldom touches another cache line.
 */
#define NUMBER_BITS 20
#define NUMBER_MASK ((1u << NUMBER_BITS) - 1)
_Static_assert(NAMES_MAX < NUMBER_MASK, "a slot holds every entry's number");

struct chunk {
	struct chunk *next;
	size_t cap;
	size_t used;
	char bytes[];
};

struct vaultenv_list {
	struct entry *entries;
	size_t len;
	size_t cap;
	uint32_t *index;
	size_t index_len;     /* a power of two, at least 3/2 of len */
	struct chunk *chunks; /* the newest first; the others are full */
	size_t used;          /* bytes in all chunks, those of no entry too */
	size_t name_bytes;
	size_t value_bytes;
	uint64_t seed;
};

/* For free(). Page faults are most of the cost of a large list. */
static void *
memory(size_t len)
{
	void *p;

	if (len < HUGE_PAGE)
		return malloc(len);
	len = (len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	if ((p = aligned_alloc(HUGE_PAGE, len)) != NULL)
		madvise(p, len, MADV_HUGEPAGE);
	return p;
}

static struct chunk *
chunk_new(size_t cap, struct chunk *next)
{
	struct chunk *chunk;

	if ((chunk = memory(sizeof(*chunk) + cap)) == NULL)
		return NULL;
	*chunk = (struct chunk){ .next = next, .cap = cap };
	return chunk;
}

static void
chunks_free(struct chunk *chunk)
{
	struct chunk *next;

	for (; chunk != NULL; chunk = next) {
		next = chunk->next;
		mem_wipe_free(chunk, sizeof(*chunk) + chunk->used);
	}
}

/* len bytes that stay where they are until the list is compacted. */
static char *
take(struct vaultenv_list *list, size_t len)
{
	struct chunk *chunk = list->chunks;
	size_t cap;

	if (chunk == NULL || chunk->cap - chunk->used < len) {
		cap = chunk == NULL ? CHUNK_MIN : chunk->cap * 2;
		if (cap > CHUNK_MAX)
			cap = CHUNK_MAX;
		if (cap < len)
			cap = len;
		if ((chunk = chunk_new(cap, list->chunks)) == NULL)
			return NULL;
		list->chunks = chunk;
	}
	chunk->used += len;
	list->used += len;
	return chunk->bytes + chunk->used - len;
}

static char *
place(char *to, const char *from, size_t len)
{
	memcpy(to, from, len);
	to[len] = '\0';
	return to;
}

/* Names that are set and deleted, or set to ever longer values, leave wiped
 * room behind. Without memory for it this simply waits. */
static void
compact(struct vaultenv_list *list)
{
	const size_t live =
	    list->name_bytes + list->value_bytes + 2 * list->len;
	struct chunk *chunk;
	struct entry *e;
	char *to;

	if (list->used - live <= WASTE_MAX || list->used - live <= live ||
	    (chunk = chunk_new(live + live / 2, NULL)) == NULL)
		return;
	to = chunk->bytes;
	for (size_t i = 0; i < list->len; i++) {
		e = &list->entries[i];
		e->pair.name = place(to, e->pair.name, e->name_len);
		to += e->name_len + 1;
		e->pair.value = place(to, e->pair.value, e->pair.value_len);
		to += e->pair.value_len + 1;
	}
	chunk->used = list->used = live;
	chunks_free(list->chunks);
	list->chunks = chunk;
}

int
vaultenv_list_new(struct vaultenv_list **out)
{
	struct vaultenv_list *list;

	if ((list = calloc(1, sizeof(*list))) == NULL)
		return VAULTENV_ERR_NOMEM;
	/* Without random bytes (early boot) it works, only not hardened. */
	if (getrandom(&list->seed, sizeof(list->seed), GRND_NONBLOCK) < 0)
		list->seed = (uintptr_t)list;
	*out = list;
	return 0;
}

void
vaultenv_list_free(struct vaultenv_list **list)
{
	if (list == NULL || *list == NULL)
		return;
	chunks_free((*list)->chunks);
	free((*list)->entries);
	free((*list)->index);
	free(*list);
	*list = NULL;
}

size_t
vaultenv_list_len(const struct vaultenv_list *list)
{
	return list->len;
}

const struct vaultenv_pair *
vaultenv_list_at(const struct vaultenv_list *list, size_t i)
{
	return i < list->len ? &list->entries[i].pair : NULL;
}

static uint32_t
slot_make(uint32_t hash, size_t number)
{
	return (hash & ~NUMBER_MASK) | (uint32_t)number;
}

/* The slot of the name, or the free one where it would go. NULL: no index. */
static uint32_t *
slot_find(const struct vaultenv_list *list, const char *name, size_t name_len,
    uint32_t hash)
{
	const size_t mask = list->index_len - 1;
	const struct entry *e;
	uint32_t *slot;

	if (list->index_len == 0)
		return NULL;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		slot = &list->index[i];
		if (*slot == 0)
			return slot;
		if (((*slot ^ hash) & ~NUMBER_MASK) != 0)
			continue;
		e = &list->entries[(*slot & NUMBER_MASK) - 1];
		if (e->name_len == name_len &&
		    memcmp(e->pair.name, name, name_len) == 0)
			return slot;
	}
}

static void
index_fill(struct vaultenv_list *list)
{
	const size_t mask = list->index_len - 1;
	size_t at;

	memset(list->index, 0, list->index_len * sizeof(*list->index));
	for (size_t i = 0; i < list->len; i++) {
		at = list->entries[i].hash & mask;
		while (list->index[at] != 0)
			at = (at + 1) & mask;
		list->index[at] = slot_make(list->entries[i].hash, i + 1);
	}
}

/* Room for n entries. The arrays hold addresses, not secrets. */
static int
grow(struct vaultenv_list *list, size_t n)
{
	struct entry *entries;
	uint32_t *index;
	size_t len;

	if (n > list->cap) {
		if ((entries = memory(n * sizeof(*entries))) == NULL)
			return VAULTENV_ERR_NOMEM;
		if (list->len > 0)
			memcpy(entries, list->entries,
			    list->len * sizeof(*entries));
		free(list->entries);
		list->entries = entries;
		list->cap = n;
	}
	if (n + n / 2 > list->index_len) {
		for (len = ENTRIES_MIN * 2; len < n + n / 2;)
			len *= 2;
		if ((index = memory(len * sizeof(*index))) == NULL)
			return VAULTENV_ERR_NOMEM;
		free(list->index);
		list->index = index;
		list->index_len = len;
		index_fill(list);
	}
	return 0;
}

int
list_reserve(struct vaultenv_list *list, size_t n_names, size_t bytes)
{
	struct chunk *chunk;
	int r;

	if (n_names > NAMES_MAX)
		n_names = NAMES_MAX;
	if (bytes > 2 * BYTES_MAX)
		bytes = 2 * BYTES_MAX;
	if ((r = grow(list, n_names)) != 0)
		return r;
	if ((chunk = chunk_new(bytes, list->chunks)) == NULL)
		return VAULTENV_ERR_NOMEM;
	list->chunks = chunk;
	return 0;
}

/* The index of a large list is in no cache that is near: fetched meanwhile. */
uint32_t
list_expect(const struct vaultenv_list *list, const char *name, size_t name_len)
{
	const uint32_t hash = hash_name(list->seed, name, name_len);

	if (list->index_len > 0)
		__builtin_prefetch(
		    &list->index[hash & (list->index_len - 1)], 1);
	return hash;
}

/* value may lie in the list: compacting, which moves it, comes afterwards. */
static int
replace(struct vaultenv_list *list, struct entry *e, const char *value,
    size_t value_len)
{
	const size_t old_len = e->pair.value_len;
	char *old = (char *)e->pair.value, *to = old;

	if (value_len > old_len && (to = take(list, value_len + 1)) == NULL)
		return VAULTENV_ERR_NOMEM;
	if (value_len > 0)
		memmove(to, value, value_len);
	if (to != old)
		mem_wipe(old, old_len);
	else
		mem_wipe(old + value_len, old_len - value_len);
	to[value_len] = '\0';
	e->pair.value = to;
	e->pair.value_len = value_len;
	list->value_bytes = list->value_bytes - old_len + value_len;
	compact(list);
	return 0;
}

int
list_set_expected(struct vaultenv_list *list, const char *name, size_t name_len,
    uint32_t hash, const char *value, size_t value_len)
{
	struct entry *e = NULL;
	uint32_t *slot;
	char *to;
	int r;

	if (name_len == 0 || name_len > BYTES_MAX || value_len > BYTES_MAX)
		return VAULTENV_ERR_INVALID;
	slot = slot_find(list, name, name_len, hash);
	if (slot != NULL && *slot != 0)
		e = &list->entries[(*slot & NUMBER_MASK) - 1];
	if (list->value_bytes - (e == NULL ? 0 : e->pair.value_len) >
	    BYTES_MAX - value_len)
		return VAULTENV_ERR_INVALID;
	if (e != NULL)
		return replace(list, e, value, value_len);
	if (list->len >= NAMES_MAX || list->name_bytes > BYTES_MAX - name_len)
		return VAULTENV_ERR_INVALID;
	if (list->len == list->cap) {
		if ((r = grow(list,
			 list->cap == 0 ? ENTRIES_MIN : list->cap * 2)) != 0)
			return r;
		slot = slot_find(list, name, name_len, hash);
	}
	if ((to = take(list, name_len + value_len + 2)) == NULL)
		return VAULTENV_ERR_NOMEM;
	e = &list->entries[list->len++];
	e->pair.name = place(to, name, name_len);
	e->pair.value =
	    place(to + name_len + 1, value_len == 0 ? "" : value, value_len);
	e->pair.value_len = value_len;
	e->name_len = (uint32_t)name_len;
	e->hash = hash;
	*slot = slot_make(hash, list->len);
	list->name_bytes += name_len;
	list->value_bytes += value_len;
	return 0;
}

int
list_set(struct vaultenv_list *list, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	if (memchr(name, '=', name_len) != NULL ||
	    memchr(name, '\0', name_len) != NULL)
		return VAULTENV_ERR_INVALID;
	return list_set_expected(list, name, name_len,
	    hash_name(list->seed, name, name_len), value, value_len);
}

int
vaultenv_list_set(struct vaultenv_list *list, const char *name,
    const char *value, size_t value_len)
{
	if (name == NULL)
		return VAULTENV_ERR_INVALID;
	return list_set(list, name, strlen(name), value, value_len);
}

const struct vaultenv_pair *
vaultenv_list_find(const struct vaultenv_list *list, const char *name)
{
	const size_t len = strlen(name);
	const uint32_t *slot =
	    slot_find(list, name, len, hash_name(list->seed, name, len));

	if (slot == NULL || *slot == 0)
		return NULL;
	return &list->entries[(*slot & NUMBER_MASK) - 1].pair;
}

/* Linear: deleting is rare, and later entries must keep their order. */
int
vaultenv_list_delete(struct vaultenv_list *list, const char *name)
{
	const struct vaultenv_pair *pair;
	struct entry *e;
	size_t i;

	if ((pair = vaultenv_list_find(list, name)) == NULL)
		return VAULTENV_ERR_NOT_FOUND;
	e = (struct entry *)pair;
	i = (size_t)(e - list->entries);
	list->value_bytes -= e->pair.value_len;
	list->name_bytes -= e->name_len;
	mem_wipe((char *)e->pair.value, e->pair.value_len);
	list->len--;
	memmove(e, e + 1, (list->len - i) * sizeof(*e));
	index_fill(list);
	compact(list);
	return 0;
}

int
vaultenv_list_copy(const struct vaultenv_list *list, struct vaultenv_list **out)
{
	const size_t bytes =
	    list->name_bytes + list->value_bytes + 2 * list->len;
	struct vaultenv_list *copy = NULL;
	const struct entry *e;
	int r;

	if ((r = vaultenv_list_new(&copy)) != 0 || list->len == 0 ||
	    (r = list_reserve(copy, list->len, bytes)) != 0)
		goto out;
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		e = &list->entries[i];
		r = list_set(copy, e->pair.name, e->name_len, e->pair.value,
		    e->pair.value_len);
	}
out:
	if (r != 0)
		vaultenv_list_free(&copy);
	else
		*out = copy;
	return r;
}
