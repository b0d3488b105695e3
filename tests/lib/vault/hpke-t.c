/* SPDX-License-Identifier: MIT */
/* hpke-t.c: HPKE by the official vector of RFC 9180 (A.2 has its kind), both
 * ways, and what it refuses. */
#include "config.h"

#include "vault/hpke.h"
#include "vectors-v2.h"

#define MAX 256

static int
judge(struct json_object *c, struct json_object *result)
{
	uint8_t secret[32], public_key[32], info[MAX], psk[32], psk_id[MAX];
	uint8_t aad[MAX], box[MAX], out[MAX];
	struct hpke_context context = {
		.info = info, .psk = psk, .psk_id = psk_id, .aad = aad
	};
	size_t len;
	int r;

	vector_hex(c, "secret", secret, sizeof(secret));
	vector_hex(c, "psk", psk, sizeof(psk));
	context.info_len = vector_hex(c, "info", info, MAX);
	context.psk_id_len = vector_hex(c, "psk_id", psk_id, MAX);
	context.aad_len = vector_hex(c, "aad", aad, MAX);
	len = vector_hex(c, "box", box, MAX);
	curve_box_public(public_key, secret);
	r = hpke_open(out, secret, public_key, &context, box, len);
	if (r == 0)
		result_hex(result, "plain", out, len - HPKE_OVERHEAD);
	return r;
}

static void
test_both_ways(void)
{
	const uint8_t secret[32] = "a secret that nobody will guess";
	const uint8_t psk[32] = "what both of them know before";
	struct hpke_context context = { .info = "i",
		.info_len = 1,
		.psk = psk,
		.psk_id = "p",
		.psk_id_len = 1,
		.aad = "",
		.aad_len = 0 };
	uint8_t public_key[32], box[HPKE_OVERHEAD + 4], out[4], zero[32];

	memset(zero, 0, sizeof(zero));
	curve_box_public(public_key, secret);
	is_int(hpke_seal(box, public_key, &context, "text", 4), 0, "sealed");
	ok(hpke_open(out, secret, public_key, &context, box, sizeof(box)) ==
		    0 &&
		memcmp(out, "text", 4) == 0,
	    "and opened");
	for (size_t i = 0; i < sizeof(box); i++) {
		box[i] ^= 1;
		if (hpke_open(out, secret, public_key, &context, box,
			sizeof(box)) != VAULTENV_ERR_DECRYPT)
			ok(false, "not with byte %zu changed", i);
		box[i] ^= 1;
	}
	context.info = "j";
	is_int(hpke_open(out, secret, public_key, &context, box, sizeof(box)),
	    VAULTENV_ERR_DECRYPT, "not with other info");
	context.info = "i";
	is_int(hpke_open(
		   out, secret, public_key, &context, box, HPKE_OVERHEAD - 1),
	    VAULTENV_ERR_DECRYPT, "nor cut off");
	memcpy(box, zero, sizeof(zero));
	is_int(hpke_open(out, secret, public_key, &context, box, sizeof(box)),
	    VAULTENV_ERR_INVALID, "an enc of low order is none");
	is_int(hpke_seal(box, zero, &context, "text", 4), VAULTENV_ERR_INVALID,
	    "nor can be sealed for");
}

int
main(void)
{
	vectors_run("hpke", judge);
	test_both_ways();
	return tap_done();
}
