/* SPDX-License-Identifier: MIT */
/*
 * crypto.c: the start of libgcrypt, and hash, HMAC and random bytes with every
 * length pinned. The only file that calls gcry_control(). Must not know keys'
 * names or formats.
 *
 * Handles are taken from the ordinary heap, not from libgcrypt's secure pool:
 * the pool has a fixed size (32 KiB hold 25 HMAC handles) and one lock, so 64
 * threads would run it dry and fail. A handle lives for one call, and
 * libgcrypt wipes it on close wherever it lies; what lives longer, the key
 * itself, is its owner's to keep in secmem.c's pages. So no pool is set up:
 * that choice stays with the program that uses this library.
 */
#include "config.h"

#include <gcrypt.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"

#define GCRYPT_OLDEST "1.10.0"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_result = VAULTENV_ERR_CRYPTO;
/*
 * Without a key, never used itself: every HMAC begins as its copy. To open a
 * handle stirs libgcrypt's random pool each time: two system calls that add up
 * the time of all threads, under one lock; to copy one does not.
 */
static gcry_md_hd_t blank_mac;

static void
init(void)
{
	if (gcry_check_version(GCRYPT_OLDEST) == NULL)
		return;
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	/* FIPS mode would change, at run time, which calls work at all. */
	if (gcry_fips_mode_active())
		return;
	if (gcry_md_open(&blank_mac, ALGO_MAC, GCRY_MD_FLAG_HMAC) != 0)
		return;
	init_result = 0;
}

int
crypto_init(void)
{
	if (pthread_once(&once, init) != 0)
		return VAULTENV_ERR_CRYPTO;
	return init_result;
}

/* gcry_md_setkey() takes an empty key, under which anyone can sign. */
int
hmac_sha256_2(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len, const void *data2, size_t len2)
{
	gcry_md_hd_t mac = NULL;
	const uint8_t *digest;
	int r;

	if (key_len == 0)
		return VAULTENV_ERR_INVALID;
	if ((r = crypto_init()) != 0)
		return r;
	r = VAULTENV_ERR_CRYPTO;
	if (gcry_md_copy(&mac, blank_mac) != 0)
		return r;
	if (gcry_md_setkey(mac, key, key_len) != 0)
		goto out;
	gcry_md_write(mac, data, len);
	gcry_md_write(mac, data2, len2);
	if ((digest = gcry_md_read(mac, ALGO_MAC)) == NULL)
		goto out;
	memcpy(out, digest, MAC_LEN);
	r = 0;
out:
	gcry_md_close(mac);
	if (r != 0)
		mem_wipe(out, MAC_LEN);
	return r;
}

int
hmac_sha256(uint8_t out[MAC_LEN], const void *key, size_t key_len,
    const void *data, size_t len)
{
	return hmac_sha256_2(out, key, key_len, data, len, NULL, 0);
}

int
sha256(uint8_t out[HASH_LEN], const void *data, size_t len)
{
	int r;

	if ((r = crypto_init()) != 0)
		return r;
	gcry_md_hash_buffer(ALGO_HASH, out, data, len);
	return 0;
}

/*
 * From the kernel: it waits until it has been seeded, and a process that forks
 * has no state of it. libgcrypt's generator takes twenty times as long for a
 * key, its VERY_STRONG 5 ms. getentropy() gives 256 bytes at most.
 */
int
random_bytes(void *out, size_t len)
{
	uint8_t *at = out;
	size_t left = len, n;

	for (; left > 0; left -= n, at += n) {
		n = left < 256 ? left : 256;
		if (getentropy(at, n) != 0) {
			mem_wipe(out, len);
			return VAULTENV_ERR_CRYPTO;
		}
	}
	return 0;
}
