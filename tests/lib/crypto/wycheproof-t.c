/* SPDX-License-Identifier: MIT */
/*
 * wycheproof-t.c: the primitives by Project Wycheproof's vectors. No Debian
 * package has them, so this is built and run by hand:
 *
 *	git clone https://github.com/C2SP/wycheproof
 *	make tests/lib/crypto/wycheproof-t
 *	tests/lib/crypto/wycheproof-t wycheproof/testvectors_v1
 */
#include "config.h"

#include "vectors-v2.h"

#define MAX 70000

/* Of one test; the group has what its tests share. */
typedef bool wycheproof_judge(struct json_object *group, struct json_object *t);

static uint8_t in[5][MAX], out[MAX];

static bool
is_valid(struct json_object *t)
{
	return strcmp(vector_str(t, "result"), "valid") == 0;
}

static bool
judge_ed25519(struct json_object *group, struct json_object *t)
{
	struct json_object *key = vector_get(group, "publicKey");
	size_t len = vector_hex(t, "msg", in[1], MAX);
	bool good;

	if (vector_hex(key, "pk", in[0], MAX) != PUBLIC_KEY_LEN ||
	    vector_hex(t, "sig", in[2], MAX) != SIGNATURE_LEN)
		return !is_valid(t);
	good = curve_verify(in[0], in[1], len, in[2]);
	return good == is_valid(t);
}

/* Zeros are refused, whatever the file calls that. */
static bool
judge_x25519(struct json_object *group, struct json_object *t)
{
	static const uint8_t zero[PUBLIC_KEY_LEN];
	int r;

	(void)group;
	vector_hex(t, "private", in[0], MAX);
	vector_hex(t, "public", in[1], MAX);
	vector_hex(t, "shared", in[2], MAX);
	r = curve_x25519(out, in[0], in[1]);
	if (memcmp(in[2], zero, sizeof(zero)) == 0)
		return r == VAULTENV_ERR_INVALID;
	return r == 0 && memcmp(out, in[2], PUBLIC_KEY_LEN) == 0;
}

static bool
judge_hkdf(struct json_object *group, struct json_object *t)
{
	const size_t ikm = vector_hex(t, "ikm", in[0], MAX);
	const size_t salt = vector_hex(t, "salt", in[1], MAX);
	const size_t info = vector_hex(t, "info", in[2], MAX);
	const size_t okm = vector_hex(t, "okm", in[3], MAX);
	const size_t size = (size_t)vector_int(t, "size");
	int r;

	(void)group;
	r = hkdf_sha256(out, size, in[0], ikm, in[1], salt, in[2], info);
	if (!is_valid(t))
		return r != 0;
	return r == 0 && okm == size && memcmp(out, in[3], okm) == 0;
}

/* The product has one size each of key, iv and tag. */
static bool
judge_gcm(struct json_object *group, struct json_object *t)
{
	const size_t aad = vector_hex(t, "aad", in[2], MAX);
	const size_t len = vector_hex(t, "ct", in[3], MAX);
	uint8_t tag[TAG_LEN];
	bool good;

	if (vector_int(group, "keySize") != 8 * KEY_LEN ||
	    vector_int(group, "ivSize") != 8 * IV_LEN ||
	    vector_int(group, "tagSize") != 8 * TAG_LEN)
		return true;
	vector_hex(t, "key", in[0], MAX);
	vector_hex(t, "iv", in[1], MAX);
	vector_hex(t, "tag", in[4], MAX);
	good =
	    aead_decrypt(out, in[0], in[1], in[4], in[2], aad, in[3], len) == 0;
	if (!good || !is_valid(t))
		return good == is_valid(t);
	vector_hex(t, "msg", in[3], MAX);
	if (memcmp(out, in[3], len) != 0)
		return false;
	if (aead_encrypt_once(tag, out, in[0], in[1], in[2], aad, in[3], len) !=
	    0)
		return false;
	return memcmp(tag, in[4], TAG_LEN) == 0;
}

static void
run(const char *folder, const char *file, wycheproof_judge *judge)
{
	struct json_object *all, *groups, *group, *tests, *t;
	char path[4096];
	int n = 0, wrong = 0;

	snprintf(path, sizeof(path), "%s/%s_test.json", folder, file);
	if ((all = json_object_from_file(path)) == NULL) {
		ok(false, "%s: %s", path, json_util_get_last_err());
		return;
	}
	groups = vector_get(all, "testGroups");
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		group = json_object_array_get_idx(groups, i);
		tests = vector_get(group, "tests");
		for (size_t j = 0; j < json_object_array_length(tests); j++) {
			t = json_object_array_get_idx(tests, j);
			n++;
			if (judge(group, t))
				continue;
			wrong++;
			printf("# %s %d: %s, %s\n", file,
			    (int)vector_int(t, "tcId"),
			    vector_str(t, "comment"), vector_str(t, "result"));
		}
	}
	ok(n > 0 && wrong == 0, "%s: %d tests, %d wrong", file, n, wrong);
	json_object_put(all);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	run(argv[1], "ed25519", judge_ed25519);
	run(argv[1], "x25519", judge_x25519);
	run(argv[1], "hkdf_sha256", judge_hkdf);
	run(argv[1], "aes_gcm", judge_gcm);
	return tap_done();
}
