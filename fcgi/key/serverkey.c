/* SPDX-License-Identifier: MIT */
/*
 * serverkey.c: loads the server key and seals auth keys under it. Must not
 * touch blobs: those are the clients', under keys that the server never has.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "key/serverkey.h"
#include "wire/labels.h"

static int
make_id(struct serverkey *k)
{
	uint8_t mac[MAC_LEN];

	if (hmac_sha256(mac, k->key, KEY_LEN, LABEL_SERVER_KEY_ID,
		strlen(LABEL_SERVER_KEY_ID)) != 0)
		return -1;
	memcpy(k->id, mac, SERVERKEY_ID_LEN);
	mem_wipe(mac, sizeof(mac));
	return 0;
}

struct serverkey *
serverkey_load(const char *path, char why[WHY_MAX])
{
	char text[2 * KEY_LEN + 3];
	struct serverkey *k = NULL;
	int len;

	len = keyfile_read(text, sizeof(text), path, "server_key_file", why);
	if (len < 0) {
		const size_t used = strlen(why);

		snprintf(why + used, WHY_MAX - used, "%s",
		    access(path, F_OK) == 0 ? ""
					    : "; vault.fcgi(8) says how "
					      "to make one");
		return NULL;
	}
	if ((k = secmem_alloc(sizeof(*k))) == NULL) {
		snprintf(why, WHY_MAX, "out of memory");
		goto out;
	}
	if (hex_decode(k->key, KEY_LEN, text, (size_t)len) != 0) {
		snprintf(why, WHY_MAX,
		    "server_key_file: %.200s must "
		    "hold 64 lower-case hex characters; vault.fcgi(8) says "
		    "how to make one",
		    path);
		serverkey_free(&k);
		goto out;
	}
	if (make_id(k) != 0) {
		snprintf(why, WHY_MAX, "libgcrypt does not work");
		serverkey_free(&k);
	}
out:
	mem_wipe(text, sizeof(text));
	return k;
}

struct serverkey *
serverkey_generate(char text[2 * KEY_LEN + 2])
{
	struct serverkey *k = secmem_alloc(sizeof(*k));

	if (k == NULL)
		return NULL;
	if (random_bytes(k->key, KEY_LEN) != 0 || make_id(k) != 0) {
		serverkey_free(&k);
		return NULL;
	}
	hex_encode(text, k->key, KEY_LEN);
	memcpy(text + 2 * KEY_LEN, "\n", 2);
	return k;
}

void
serverkey_free(struct serverkey **k)
{
	if (k == NULL)
		return;
	secmem_free(*k, sizeof(**k));
	*k = NULL;
}

int
serverkey_seal(const struct serverkey *k, uint8_t out[SEALED_LEN],
    const uint8_t auth_key[KEY_LEN], const char project[UUID_LEN + 1])
{
	return aead_encrypt(out, out + IV_LEN, out + SEAL_OVERHEAD, k->key,
	    project, UUID_LEN, auth_key, KEY_LEN);
}

int
serverkey_open(const struct serverkey *k, uint8_t auth_key[KEY_LEN],
    const uint8_t *sealed, size_t len, const char project[UUID_LEN + 1])
{
	if (len != SEALED_LEN)
		return VAULTENV_ERR_DECRYPT;
	return aead_decrypt(auth_key, k->key, sealed, sealed + IV_LEN, project,
	    UUID_LEN, sealed + SEAL_OVERHEAD, KEY_LEN);
}
