/* SPDX-License-Identifier: MIT */
/* curve-t.c: Ed25519 by RFC 8032 section 7.1, X25519 by RFC 7748 sections 5.2
 * and 6.1, and the keys that crash or fool other libraries. */
#include "config.h"

#include "crypto/curve.h"
#include "vectors-v2.h"

static const struct {
	const char *seed, *public_key, *message, *signature;
} rfc8032[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	    "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
	    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100"
	    "b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	    "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c0"
	    "0" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	    "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
	    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40"
	    "a" },
	{ "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
	    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
	    "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a70"
	    "4" },
};

static size_t
unhex(uint8_t *out, const char *hex)
{
	const size_t len = strlen(hex) / 2;

	if (hex_decode(out, len, hex, 2 * len) != 0)
		abort();
	return len;
}

static bool
is_hex(const uint8_t *got, size_t len, const char *want)
{
	char text[2 * 64 + 1];

	hex_encode(text, got, len);
	return strcmp(text, want) == 0;
}

static void
test_rfc8032(void)
{
	uint8_t seed[32], public_key[32], message[64], signature[64];
	size_t len;

	for (size_t i = 0; i < sizeof(rfc8032) / sizeof(*rfc8032); i++) {
		unhex(seed, rfc8032[i].seed);
		len = unhex(message, rfc8032[i].message);
		ok(curve_sign_public(public_key, seed) == 0 &&
			is_hex(public_key, 32, rfc8032[i].public_key),
		    "RFC 8032 7.1, %zu: the public key", i + 1);
		ok(curve_sign(signature, seed, message, len) == 0 &&
			is_hex(signature, 64, rfc8032[i].signature),
		    "the signature");
		ok(curve_verify(public_key, message, len, signature),
		    "which is good");
		for (int bit = 0; bit < 512; bit += 37) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (curve_verify(public_key, message, len, signature))
				ok(false, "not with bit %d flipped", bit);
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static bool
scalar_mult(const char *secret_hex, const char *public_hex, const char *want)
{
	uint8_t secret[32], public_key[32], shared[32];

	unhex(secret, secret_hex);
	unhex(public_key, public_hex);
	return curve_x25519(shared, secret, public_key) == 0 &&
	       is_hex(shared, 32, want);
}

static void
test_rfc7748(void)
{
	uint8_t k[32] = { 9 }, u[32] = { 9 }, next[32], public_key[32];

	ok(scalar_mult("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a224"
		       "4ba449ac4",
	       "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4"
	       "c",
	       "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a2855"
	       "2"),
	    "RFC 7748 5.2, the first");
	ok(scalar_mult("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169"
		       "e7918ba0d",
	       "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a49"
	       "3",
	       "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac795"
	       "7"),
	    "the second");
	for (int i = 0; i < 1000; i++) {
		curve_x25519(next, k, u);
		memcpy(u, k, 32);
		memcpy(k, next, 32);
	}
	ok(is_hex(k, 32,
	       "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c5"
	       "1"),
	    "a thousand times");
	unhex(k,
	    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	ok(curve_box_public(public_key, k) == 0 &&
		is_hex(public_key, 32,
		    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa"
		    "9b4e6a"),
	    "RFC 7748 6.1: Alice's public key");
	ok(scalar_mult("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba"
		       "51db92c2a",
	       "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4"
	       "f",
	       "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e16174"
	       "2"),
	    "and what she shares with Bob");
}

/* The file's word for "not a good signature" is no code of the product. */
static int
judge_ed25519(struct json_object *c)
{
	uint8_t public_key[32], message[64], signature[64];
	size_t len = vector_hex(c, "message", message, sizeof(message));

	vector_hex(c, "public", public_key, sizeof(public_key));
	vector_hex(c, "signature", signature, sizeof(signature));
	return curve_verify(public_key, message, len, signature);
}

static void
test_ed25519_vectors(void)
{
	struct json_object *cases, *c;

	vectors_open();
	cases = json_object_object_get(vectors_v2, "cases");
	for (size_t i = 0; i < json_object_array_length(cases); i++) {
		c = json_object_array_get_idx(cases, i);
		if (strcmp(vector_str(c, "kind"), "ed25519") == 0)
			is_int(judge_ed25519(c),
			    vector_str(c, "refuse") == NULL,
			    vector_str(c, "name"));
	}
}

static int
judge_x25519(struct json_object *c, struct json_object *result)
{
	uint8_t secret[32], public_key[32], shared[32];
	int r;

	vector_hex(c, "secret", secret, sizeof(secret));
	vector_hex(c, "public", public_key, sizeof(public_key));
	r = curve_x25519(shared, secret, public_key);
	if (r != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_LOW_ORDER : r;
	result_hex(result, "shared", shared, sizeof(shared));
	return 0;
}

int
main(void)
{
	test_rfc8032();
	test_rfc7748();
	test_ed25519_vectors();
	vectors_run("x25519", judge_x25519);
	return tap_done();
}
