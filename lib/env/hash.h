/* SPDX-License-Identifier: MIT */
/*
 * hash.h: the keyed hash of a name, for list.c alone, whose inner loops it is
 * part of: hence here and not in a file of its own.
 */
#ifndef VAULTENV_HASH_H
#define VAULTENV_HASH_H

#include <stdint.h>
#include <string.h>

static inline uint64_t
word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* 0 to 7 bytes in one word. A memcpy() of so many would be a call, and then a
 * wait for its stores. */
static inline uint64_t
short_word(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	uint32_t first, last;

	if (len == 0)
		return 0;
	if (len < sizeof(first))
		return (uint64_t)u[0] << 16 | (uint64_t)u[len / 2] << 8 |
		       u[len - 1];
	memcpy(&first, p, sizeof(first));
	memcpy(&last, p + len - sizeof(last), sizeof(last));
	return (uint64_t)first << 32 | last;
}

/*
 * Names come from other people, who must not be able to choose many that
 * collide: with a secret seed nobody knows what a product of its halves will
 * be. (A multiplication by a constant lets differences in a word's top byte
 * pass to where the next word can cancel them, whatever the seed.)
 */
static inline uint64_t
mix(uint64_t h, uint64_t word, uint64_t seed)
{
	const uint64_t x = h ^ word ^ seed;

	return h + (x & UINT32_MAX) * (x >> 32);
}

static inline uint32_t
hash_name(uint64_t seed, const char *name, size_t len)
{
	const uint64_t k = 0x9e3779b97f4a7c15u;
	const size_t size = sizeof(uint64_t);
	uint64_t h = len * k, last;

	/* The last word may overlap the one before it. */
	last = len < size ? short_word(name, len) : word_at(name + len - size);
	for (; len > size; len -= size, name += size)
		h = mix(h, word_at(name), seed);
	h = mix(h, last, seed);
	h = (h ^ h >> 32) * k;
	return (uint32_t)(h >> 32);
}

#endif /* VAULTENV_HASH_H */
