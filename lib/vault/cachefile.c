/* SPDX-License-Identifier: MIT */
/*
 * cachefile.c: the text of a cache file of protocol v2:
 *
 *	vault-cache-v2 <13 digits> <64 hex>
 *	<a bundle on one line>
 *
 * Must not read or write files, nor judge the bundle or its age.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "vault/open.h"
#include "wire/labels.h"
#include "wire/lp.h"

#define TIME_AT  (sizeof(LABEL_CACHE_V2))
#define TIME_LEN 13
#define TIME_MAX INT64_C(9999999999999)
#define MAC_AT   (TIME_AT + TIME_LEN + 1)
#define HEAD_LEN (MAC_AT + 2 * MAC_LEN + 1)
#define TEXT_MAX 1024

static int
mac_of(uint8_t mac[MAC_LEN], const struct vault_key *key,
    const struct device *device, const char *env, int64_t at_ms,
    struct text bundle)
{
	uint8_t cache_key[KEY_LEN], hash[HASH_LEN];
	struct blob over;
	int r;

	blob_init(&over, TEXT_MAX);
	if ((r = cache_key_derive(cache_key, key, device)) != 0 ||
	    (r = sha256(hash, bundle.at, bundle.len)) != 0 ||
	    (r = lp_append_text(&over, LABEL_CACHE_V2)) != 0 ||
	    (r = lp_append_text(&over, key->project)) != 0 ||
	    (r = lp_append_text(&over, env)) != 0 ||
	    (r = num_append(&over, at_ms)) != 0 ||
	    (r = lp_append(&over, hash, HASH_LEN)) != 0)
		goto out;
	r = hmac_sha256(mac, cache_key, KEY_LEN, over.data, over.len);
out:
	mem_wipe(cache_key, sizeof(cache_key));
	blob_reset(&over);
	return r;
}

/* The two lines; at, mac and bundle are filled. */
static bool
read_form(const char *text, size_t len, int64_t *at_ms, uint8_t mac[MAC_LEN],
    struct text *bundle)
{
	if (len < HEAD_LEN + 2 || text[len - 1] != '\n' ||
	    memcmp(text, LABEL_CACHE_V2 " ", TIME_AT) != 0 ||
	    text[MAC_AT - 1] != ' ' || text[HEAD_LEN - 1] != '\n' ||
	    decimal_parse(text + TIME_AT, TIME_LEN, TIME_MAX, at_ms) != 0 ||
	    hex_decode(mac, MAC_LEN, text + MAC_AT, 2 * MAC_LEN) != 0)
		return false;
	bundle->at = text + HEAD_LEN;
	bundle->len = len - HEAD_LEN - 1;
	return memchr(bundle->at, '\n', bundle->len) == NULL;
}

int
cachefile_read(const struct opening *in, const char *text, size_t len,
    int64_t *at_ms, struct text *bundle)
{
	const struct vault_key *const keys[] = { in->key, in->next };
	uint8_t mac[MAC_LEN], want[MAC_LEN];
	bool good = false;
	int r;

	if (!read_form(text, len, at_ms, mac, bundle))
		return CODE_CACHE_FORM;
	for (size_t i = 0; i < 2 && keys[i] != NULL; i++) {
		r = mac_of(want, keys[i], in->device, in->env, *at_ms, *bundle);
		if (r != 0)
			return r;
		good |= mem_equal(want, mac, MAC_LEN);
	}
	return good ? 0 : CODE_CACHE_MAC;
}

int
cachefile_write(struct blob *out, const struct vault_key *key,
    const struct device *device, const char *env, int64_t at_ms,
    struct text bundle)
{
	char hex[2 * MAC_LEN + 1];
	uint8_t mac[MAC_LEN];
	int r;

	if ((r = mac_of(mac, key, device, env, at_ms, bundle)) != 0)
		return r;
	hex_encode(hex, mac, MAC_LEN);
	if ((r = blob_printf(out, LABEL_CACHE_V2 " %013" PRId64 " ", at_ms)) !=
		0 ||
	    (r = blob_append(out, hex, 2 * MAC_LEN)) != 0 ||
	    (r = blob_append(out, "\n", 1)) != 0 ||
	    (r = blob_append(out, bundle.at, bundle.len)) != 0)
		return r;
	return blob_append(out, "\n", 1);
}
