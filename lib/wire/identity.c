/* SPDX-License-Identifier: MIT */
/*
 * identity.c: see identity.h. Must not know secrets: a device's keys are made
 * by vault/.
 */
#include "config.h"

#include <string.h>

#include "wire/identity.h"
#include "wire/labels.h"
#include "wire/lp.h"

#define UUID_BYTES 16
#define TEXT_MAX   256

/* 8-4-4-4-12 digits. */
static void
uuid_write(char id[ID_LEN + 1], const uint8_t bytes[UUID_BYTES])
{
	static const size_t ends[] = { 4, 6, 8, 10, UUID_BYTES };
	size_t at = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		hex_encode(id, bytes + at, ends[i] - at);
		id += 2 * (ends[i] - at);
		*id++ = ends[i] == UUID_BYTES ? '\0' : '-';
		at = ends[i];
	}
}

int
device_id_make(char id[ID_LEN + 1], const char *project,
    const uint8_t sign[PUBLIC_KEY_LEN], const uint8_t box[PUBLIC_KEY_LEN])
{
	uint8_t hash[HASH_LEN];
	struct blob over;
	int r;

	blob_init(&over, TEXT_MAX);
	if ((r = lp_append_text(&over, LABEL_DEVICE_ID_V2)) != 0 ||
	    (r = lp_append_text(&over, project)) != 0 ||
	    (r = lp_append(&over, sign, PUBLIC_KEY_LEN)) != 0 ||
	    (r = lp_append(&over, box, PUBLIC_KEY_LEN)) != 0 ||
	    (r = sha256(hash, over.data, over.len)) != 0)
		goto out;
	hash[6] = (hash[6] & 0x0f) | 0x80; /* version 8 */
	hash[8] = (hash[8] & 0x3f) | 0x80; /* the variant of RFC 9562 */
	uuid_write(id, hash);
out:
	blob_reset(&over);
	return r;
}

/* Any scalar will do: all of them give zero with a point of low order. */
int
box_key_check(const uint8_t box[PUBLIC_KEY_LEN])
{
	static const uint8_t scalar[SEED_LEN] = { 8 };
	uint8_t shared[PUBLIC_KEY_LEN];
	int r = curve_x25519(shared, scalar, box);

	return r == VAULTENV_ERR_INVALID ? CODE_LOW_ORDER : r;
}
