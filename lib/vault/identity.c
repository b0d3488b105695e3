/* SPDX-License-Identifier: MIT */
/*
 * identity.c: see identity.h. A device's own keys come from its secret alone,
 * so a new VAULT_KEY does not change who it is; what is shared with a server
 * needs both. Must not be linked into the server.
 */
#include "config.h"

#include <string.h>

#include "vault/identity.h"
#include "wire/identity.h"
#include "wire/labels.h"
#include "wire/lp.h"

#define PREFIX    "vk_"
#define SECRET_AT (sizeof(PREFIX) - 1 + ID_LEN + 1)
#define ANCHOR_AT (SECRET_AT + 2 * KEY_LEN + 1)
_Static_assert(ANCHOR_AT + 2 * HASH_LEN == VAULT_KEY_V2_LEN, "169 characters");
#define TEXT_MAX 1024

/* Info that is a project id alone is its 36 characters, as they are. */
static int
derive(uint8_t out[KEY_LEN], const uint8_t ikm[KEY_LEN], const char *salt,
    const char *project)
{
	return hkdf_sha256(out, KEY_LEN, ikm, KEY_LEN, salt, strlen(salt),
	    project, strlen(project));
}

int
vault_key_derive(
    struct vault_key *key, const char *project, const uint8_t secret[KEY_LEN])
{
	int r;

	memmove(key->secret, secret, KEY_LEN);
	memcpy(key->project, project, sizeof(key->project));
	if ((r = derive(key->psk, secret, LABEL_PSK_V2, project)) != 0 ||
	    (r = derive(key->join_seed, secret, LABEL_JOIN_V2, project)) != 0)
		return r;
	return curve_sign_public(key->join, key->join_seed);
}

int
vault_key_make(struct vault_key *key, const char *project)
{
	uint8_t secret[KEY_LEN];
	int r;

	memset(key->anchor, 0, HASH_LEN);
	if ((r = random_bytes(secret, sizeof(secret))) == 0)
		r = vault_key_derive(key, project, secret);
	mem_wipe(secret, sizeof(secret));
	return r;
}

static bool
read_parts(struct vault_key *key, const char *text)
{
	if (strnlen(text, VAULT_KEY_V2_LEN + 1) != VAULT_KEY_V2_LEN ||
	    memcmp(text, PREFIX, strlen(PREFIX)) != 0 ||
	    text[SECRET_AT - 1] != '_' || text[ANCHOR_AT - 1] != '_' ||
	    !uuid_is_canonical(text + strlen(PREFIX), ID_LEN) ||
	    hex_decode(key->secret, KEY_LEN, text + SECRET_AT, 2 * KEY_LEN) !=
		0 ||
	    hex_decode(key->anchor, HASH_LEN, text + ANCHOR_AT, 2 * HASH_LEN) !=
		0)
		return false;
	memcpy(key->project, text + strlen(PREFIX), ID_LEN);
	key->project[ID_LEN] = '\0';
	return true;
}

bool
vault_key_is_v2(const char *text)
{
	struct vault_key key;
	const bool good = read_parts(&key, text);

	mem_wipe(&key, sizeof(key));
	return good;
}

int
vault_key_read(struct vault_key *key, const char *text)
{
	char project[ID_LEN + 1];

	if (!read_parts(key, text)) {
		mem_wipe(key, sizeof(*key));
		return CODE_KEY_FORM;
	}
	memcpy(project, key->project, sizeof(project));
	return vault_key_derive(key, project, key->secret);
}

void
vault_key_write(char text[VAULT_KEY_V2_LEN + 1], const struct vault_key *key)
{
	memcpy(text, PREFIX, strlen(PREFIX));
	memcpy(text + strlen(PREFIX), key->project, ID_LEN);
	text[SECRET_AT - 1] = '_';
	hex_encode(text + SECRET_AT, key->secret, KEY_LEN);
	text[ANCHOR_AT - 1] = '_';
	hex_encode(text + ANCHOR_AT, key->anchor, HASH_LEN);
}

int
device_read(struct device *d, const char *project, const char *secret)
{
	int r;

	memcpy(d->project, project, sizeof(d->project));
	if (hex_decode(d->secret, KEY_LEN, secret,
		strnlen(secret, 2 * KEY_LEN + 1)) != 0)
		return CODE_KEY_FORM;
	if ((r = derive(d->sign_seed, d->secret, LABEL_DEVICE_SIGN_V2,
		 project)) != 0 ||
	    (r = derive(d->box_secret, d->secret, LABEL_DEVICE_BOX_V2,
		 project)) != 0 ||
	    (r = curve_sign_public(d->sign, d->sign_seed)) != 0 ||
	    (r = curve_box_public(d->box, d->box_secret)) != 0)
		return r;
	return device_id_make(d->id, project, d->sign, d->box);
}

/* Of both factors: the key material of what a server or a file may know. */
static int
derive_both(uint8_t out[KEY_LEN], const struct vault_key *key,
    const struct device *device, const char *salt, const void *info,
    size_t info_len)
{
	uint8_t both[MAC_LEN];
	int r;

	r = hmac_sha256(both, key->secret, KEY_LEN, device->secret, KEY_LEN);
	if (r == 0)
		r = hkdf_sha256(out, KEY_LEN, both, sizeof(both), salt,
		    strlen(salt), info, info_len);
	mem_wipe(both, sizeof(both));
	return r;
}

int
request_key_derive(uint8_t key[REQUEST_KEY_LEN],
    const struct vault_key *vault_key, const struct device *device,
    const char *url)
{
	struct blob info;
	int r;

	blob_init(&info, TEXT_MAX);
	if ((r = lp_append_text(&info, vault_key->project)) == 0 &&
	    (r = lp_append_text(&info, url)) == 0)
		r = derive_both(key, vault_key, device, LABEL_REQUEST_V2,
		    info.data, info.len);
	blob_reset(&info);
	return r;
}

int
cache_key_derive(uint8_t key[KEY_LEN], const struct vault_key *vault_key,
    const struct device *device)
{
	return derive_both(
	    key, vault_key, device, LABEL_CACHE_V2, vault_key->project, ID_LEN);
}

/* raw gets its signatures, then all of it is written as base64. */
static int
sign(struct blob *out, struct blob *raw, const uint8_t *first,
    const uint8_t *second)
{
	uint8_t signatures[2 * SIGNATURE_LEN];
	const size_t len = second == NULL ? SIGNATURE_LEN : sizeof(signatures);
	int r;

	if ((r = curve_sign(signatures, first, raw->data, raw->len)) != 0)
		return r;
	if (second != NULL && (r = curve_sign(signatures + SIGNATURE_LEN,
				   second, raw->data, raw->len)) != 0)
		return r;
	if ((r = blob_append(raw, signatures, len)) != 0)
		return r;
	return base64_encode(out, raw->data, raw->len);
}

int
entry_sign(struct blob *out, const struct entry *e, const struct device *author,
    const struct vault_key *key)
{
	struct blob raw;
	int r;

	blob_init(&raw, ENTRY_SIZE_MAX);
	if ((r = entry_encode(&raw, e)) == 0)
		r = sign(out, &raw, author->sign_seed, key->join_seed);
	blob_reset(&raw);
	return r;
}

int
record_sign(
    struct blob *out, const struct record *record, const struct device *author)
{
	struct blob raw;
	int r;

	blob_init(&raw, SMALL_SIZE_MAX);
	if ((r = record_encode(&raw, record)) == 0)
		r = sign(out, &raw, author->sign_seed, NULL);
	blob_reset(&raw);
	return r;
}

int
registration_sign(struct blob *out, const struct registration *g,
    const struct device *device, const struct vault_key *key)
{
	struct blob raw;
	int r;

	blob_init(&raw, SMALL_SIZE_MAX);
	if ((r = registration_encode(&raw, g)) == 0)
		r = sign(out, &raw, device->sign_seed, key->join_seed);
	blob_reset(&raw);
	return r;
}

int
deletion_sign(struct blob *out, const struct deletion *d,
    const struct device *author, const struct vault_key *key)
{
	struct blob raw;
	int r;

	blob_init(&raw, SMALL_SIZE_MAX);
	if ((r = deletion_encode(&raw, d)) == 0)
		r = sign(out, &raw, author->sign_seed, key->join_seed);
	blob_reset(&raw);
	return r;
}
