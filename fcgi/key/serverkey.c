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
#include "wire/lp.h"
#include "wire/statement.h"

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

/* lp(label) lp(project id) lp(device id) lp(request id), or of v1 the project's
 * id alone. */
static int
put_owner(struct blob *aad, const struct key_owner *owner)
{
	int r;

	blob_init(aad, SIZE_MAX);
	if (owner->device == NULL)
		return blob_append(aad, owner->project, UUID_LEN);
	if ((r = lp_append_text(aad, LABEL_MEMBER_KEY_V2)) != 0 ||
	    (r = lp_append(aad, owner->project, UUID_LEN)) != 0 ||
	    (r = lp_append(aad, owner->device, UUID_LEN)) != 0)
		return r;
	return lp_append(aad, owner->request_id, REQUEST_ID_LEN);
}

int
serverkey_seal(const struct serverkey *k, uint8_t out[SEALED_LEN],
    const uint8_t key[KEY_LEN], const struct key_owner *owner)
{
	struct blob aad;
	int r = put_owner(&aad, owner);

	if (r == 0)
		r = aead_encrypt(out, out + IV_LEN, out + SEAL_OVERHEAD, k->key,
		    aad.data, aad.len, key, KEY_LEN);
	blob_reset(&aad);
	return r;
}

int
serverkey_open(const struct serverkey *k, uint8_t key[KEY_LEN],
    const uint8_t *sealed, size_t len, const struct key_owner *owner)
{
	struct blob aad;
	int r = put_owner(&aad, owner);

	if (r == 0)
		r = len != SEALED_LEN ? VAULTENV_ERR_DECRYPT
				      : aead_decrypt(key, k->key, sealed,
					    sealed + IV_LEN, aad.data, aad.len,
					    sealed + SEAL_OVERHEAD, KEY_LEN);
	blob_reset(&aad);
	return r;
}
