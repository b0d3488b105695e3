/* SPDX-License-Identifier: MIT */
/*
 * constant-time-t.c: no branch and no address depends on VAULT_KEY, a device
 * secret, a data key or a MAC. They are marked as undefined; valgrind then
 * tells of every branch on what comes from them. What may be known is made
 * known in the wrappers below, which this test alone is linked with: the
 * verdict on a form, on a comparison, on a point of low order; lengths;
 * signatures; an iv. What libsodium and libgcrypt do inside counts as well.
 */
#include "config.h"

#include "tap.h"

#if defined(HAVE_VALGRIND_MEMCHECK_H) && !defined(__SANITIZE_ADDRESS__) &&     \
    !defined(__SANITIZE_THREAD__)

#include <unistd.h>
#include <valgrind/memcheck.h>

#include "vault/open.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"
#define HEX_64                                                                 \
	"00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"
#define NOW INT64_C(1774864000000)

bool __real_mem_equal(const void *a, const void *b, size_t len);
bool __wrap_mem_equal(const void *a, const void *b, size_t len);
int
__real_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);
int
__wrap_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);
size_t __real_strnlen(const char *s, size_t max);
size_t __wrap_strnlen(const char *s, size_t max);
int __real_crypto_scalarmult(
    unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(
    unsigned char *q, const unsigned char *n, const unsigned char *p);
int __real_curve_sign(uint8_t signature[SIGNATURE_LEN],
    const uint8_t seed[SEED_LEN], const void *data, size_t len);
int __wrap_curve_sign(uint8_t signature[SIGNATURE_LEN],
    const uint8_t seed[SEED_LEN], const void *data, size_t len);
int __real_aead_encrypt_once(uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);
int __wrap_aead_encrypt_once(uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);
int __real_aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN],
    const uint8_t iv[IV_LEN], const uint8_t tag[TAG_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);
int __wrap_aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN],
    const uint8_t iv[IV_LEN], const uint8_t tag[TAG_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len);

static void
hide(void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

static void
show(const void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, len);
}

bool
__wrap_mem_equal(const void *a, const void *b, size_t len)
{
	bool good = __real_mem_equal(a, b, len);

	show(&good, sizeof(good));
	return good;
}

int
__wrap_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
	int r = __real_hex_decode(out, len, text, text_len);

	show(&r, sizeof(r));
	return r;
}

size_t
__wrap_strnlen(const char *s, size_t max)
{
	size_t len;

	VALGRIND_DISABLE_ERROR_REPORTING;
	len = __real_strnlen(s, max);
	VALGRIND_ENABLE_ERROR_REPORTING;
	show(&len, sizeof(len));
	return len;
}

int
__wrap_crypto_scalarmult(
    unsigned char *q, const unsigned char *n, const unsigned char *p)
{
	int r = __real_crypto_scalarmult(q, n, p);

	show(&r, sizeof(r));
	return r;
}

int
__wrap_curve_sign(uint8_t signature[SIGNATURE_LEN],
    const uint8_t seed[SEED_LEN], const void *data, size_t len)
{
	int r = __real_curve_sign(signature, seed, data, len);

	show(signature, SIGNATURE_LEN);
	return r;
}

/* A counter's carry depends on the iv, which is no secret, if derived of one.
 */
int
__wrap_aead_encrypt_once(uint8_t tag[TAG_LEN], uint8_t *out,
    const uint8_t key[KEY_LEN], const uint8_t iv[IV_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len)
{
	show(iv, IV_LEN);
	return __real_aead_encrypt_once(
	    tag, out, key, iv, aad, aad_len, in, len);
}

int
__wrap_aead_decrypt(uint8_t *out, const uint8_t key[KEY_LEN],
    const uint8_t iv[IV_LEN], const uint8_t tag[TAG_LEN], const void *aad,
    size_t aad_len, const void *in, size_t len)
{
	show(iv, IV_LEN);
	return __real_aead_decrypt(out, key, iv, tag, aad, aad_len, in, len);
}

static struct vault_key key, old;
static struct device device;

/* A result is public. */
static void
good(int r, const char *what)
{
	show(&r, sizeof(r));
	is_int(r, 0, what);
}

static void
test_factors(void)
{
	char text[] = "vk_" PROJECT "_" HEX_64 "_" HEX_64;
	char secret[] = HEX_64;

	good(vault_key_read(&old, text), "a VAULT_KEY");
	text[50] ^= 1;
	hide(text + 40, 64);
	good(vault_key_read(&key, text), "a secret VAULT_KEY");
	show(key.join, sizeof(key.join));
	hide(secret, 64);
	good(device_read(&device, PROJECT, secret), "a device secret");
	show(device.sign, sizeof(device.sign));
	show(device.box, sizeof(device.box));
	show(device.id, sizeof(device.id));
	vault_key_write(text, &key);
}

static void
test_macs(void)
{
	const struct request_text text = { "POST", "/api/v2/log/read", "{}",
		2 };
	struct request_auth auth = { .time_ms = NOW };
	uint8_t request_key[REQUEST_KEY_LEN];
	char reply[REPLY_HEADER_LEN + 1];

	good(request_key_derive(request_key, &key, &device, "https://x"),
	    "a request key");
	good(request_sign(&auth, request_key, &text), "a request");
	good(request_verify(&auth, request_key, &text, NOW), "is good");
	auth.mac[3] ^= 1;
	ok(request_verify(&auth, request_key, &text, NOW) == CODE_REQUEST_MAC,
	    "or not");
	good(reply_header_write(reply, request_key, auth.mac, 200, "{}", 2),
	    "a reply");
	good(reply_verify(
		 reply, REPLY_HEADER_LEN, request_key, auth.mac, 200, "{}", 2),
	    "is good");
}

static void
test_cachefile(void)
{
	const struct opening in = {
		.key = &key, .device = &device, .env = "production"
	};
	struct text bundle = { "{}", 2 };
	struct blob file;
	int64_t at_ms;

	blob_init(&file, SIZE_MAX);
	good(cachefile_write(&file, &key, &device, in.env, NOW, bundle),
	    "a cache");
	good(cachefile_read(&in, (char *)file.data, file.len, &at_ms, &bundle),
	    "is good");
	blob_reset(&file);
}

static void
test_data_key(void)
{
	const struct place place = { PROJECT, "production" };
	uint8_t data_key[KEY_LEN] = { 1 }, back[KEY_LEN], id[HASH_LEN];
	struct psk psk = { .join = key.join };
	char text[] = "{\"secrets\":{\"A\":\"hidden\"}}";
	struct blob box, plain;
	struct wrap w;

	blob_init(&box, SIZE_MAX);
	blob_init(&plain, SIZE_MAX);
	memcpy(psk.key, key.psk, KEY_LEN);
	hide(data_key, sizeof(data_key));
	hide(text, sizeof(text) - 1);
	good(data_key_id(id, &place, data_key), "a key id");
	show(id, sizeof(id));
	good(wrap_seal(&w, &place, data_key, device.id, device.box, &psk),
	    "a wrap");
	show(&w, sizeof(w));
	good(wrap_open(back, &w, &place, id, &device, &psk), "opens");
	good(content_seal(&box, &place, 1, data_key, text, sizeof(text) - 1),
	    "a blob");
	show(box.data, box.len);
	good(content_open(&plain, &place, 1, data_key, box.data, box.len),
	    "opens");
	blob_reset(&box);
	blob_reset(&plain);
}

static void
test_signing(void)
{
	struct record r = { .suite = SUITE_1,
		.project = PROJECT,
		.env = "production",
		.version = 1,
		.author = PROJECT };
	uint8_t sealed[OLD_PSK_LEN];
	struct blob text;

	blob_init(&text, SIZE_MAX);
	good(record_sign(&text, &r, &device), "a record");
	good(chain_seal(sealed, &key, &old), "a psk in the chain");
	blob_reset(&text);
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (RUNNING_ON_VALGRIND == 0) {
		execlp("valgrind", "valgrind", "-q", argv[0], (char *)NULL);
		printf("1..0 # SKIP valgrind is missing\n");
		return 0;
	}
	test_factors();
	test_macs();
	test_cachefile();
	test_data_key();
	test_signing();
	is_int((intmax_t)VALGRIND_COUNT_ERRORS, 0, "no branch on a secret");
	return tap_done();
}

#else

int
main(void)
{
	printf("1..0 # SKIP built without valgrind/memcheck.h\n");
	return 0;
}

#endif
