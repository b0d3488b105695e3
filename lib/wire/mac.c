/* SPDX-License-Identifier: MIT */
/*
 * mac.c: see mac.h. One spelling of each header, so that what was seen cannot
 * be dressed up as something new. Must not know where keys come from, nor what
 * was seen before.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/labels.h"
#include "wire/lp.h"
#include "wire/mac.h"

#define TIME_LEN 13
#define TIME_MIN INT64_C(1000000000000) /* 2001 */
#define TIME_MAX INT64_C(9999999999999) /* 2286 */
/* Where the parts of X-Vault-Request begin. */
#define TIME_AT  2
#define ID_AT    (TIME_AT + TIME_LEN + 3)
#define NONCE_AT (ID_AT + 2 * REQUEST_ID_LEN + 3)
#define MAC_AT   (NONCE_AT + 2 * REQUEST_NONCE_LEN + 3)
_Static_assert(MAC_AT + 2 * MAC_LEN == REQUEST_HEADER_LEN, "152 bytes");
#define TEXT_MAX 1024 /* what a MAC is over: hashes stand for bodies */

int
request_id(uint8_t id[REQUEST_ID_LEN], const uint8_t key[REQUEST_KEY_LEN])
{
	uint8_t mac[MAC_LEN];
	int r;

	r = hmac_sha256(mac, key, REQUEST_KEY_LEN, LABEL_REQUEST_ID_V2,
	    strlen(LABEL_REQUEST_ID_V2));
	if (r == 0)
		memcpy(id, mac, REQUEST_ID_LEN);
	mem_wipe(mac, sizeof(mac));
	return r;
}

static int
request_mac(uint8_t mac[MAC_LEN], const struct request_auth *auth,
    const uint8_t key[REQUEST_KEY_LEN], const struct request_text *text)
{
	char time[TIME_LEN + 1];
	uint8_t hash[HASH_LEN];
	struct blob over;
	int r;

	if (auth->time_ms < TIME_MIN || auth->time_ms > TIME_MAX)
		return VAULTENV_ERR_INVALID;
	snprintf(time, sizeof(time), "%" PRId64, auth->time_ms);
	blob_init(&over, TEXT_MAX);
	if ((r = sha256(hash, text->body, text->len)) != 0 ||
	    (r = lp_append_text(&over, LABEL_REQUEST_V2)) != 0 ||
	    (r = lp_append_text(&over, text->method)) != 0 ||
	    (r = lp_append_text(&over, text->path)) != 0 ||
	    (r = lp_append_text(&over, time)) != 0 ||
	    (r = lp_append(&over, auth->nonce, REQUEST_NONCE_LEN)) != 0 ||
	    (r = lp_append(&over, hash, HASH_LEN)) != 0)
		goto out;
	r = hmac_sha256(mac, key, REQUEST_KEY_LEN, over.data, over.len);
out:
	blob_reset(&over);
	return r;
}

int
request_sign(struct request_auth *auth, const uint8_t key[REQUEST_KEY_LEN],
    const struct request_text *text)
{
	int r;

	if ((r = request_id(auth->id, key)) != 0)
		return r;
	return request_mac(auth->mac, auth, key, text);
}

void
request_header_write(
    char header[REQUEST_HEADER_LEN + 1], const struct request_auth *auth)
{
	snprintf(header, REQUEST_HEADER_LEN + 1,
	    "v=%013" PRId64 ",k=", auth->time_ms);
	hex_encode(header + ID_AT, auth->id, REQUEST_ID_LEN);
	memcpy(header + NONCE_AT - 3, ",n=", 3);
	hex_encode(header + NONCE_AT, auth->nonce, REQUEST_NONCE_LEN);
	memcpy(header + MAC_AT - 3, ",m=", 3);
	hex_encode(header + MAC_AT, auth->mac, MAC_LEN);
}

int
request_header_read(struct request_auth *auth, const char *header, size_t len)
{
	if (len != REQUEST_HEADER_LEN || memcmp(header, "v=", 2) != 0 ||
	    memcmp(header + ID_AT - 3, ",k=", 3) != 0 ||
	    memcmp(header + NONCE_AT - 3, ",n=", 3) != 0 ||
	    memcmp(header + MAC_AT - 3, ",m=", 3) != 0 ||
	    decimal_parse(
		header + TIME_AT, TIME_LEN, TIME_MAX, &auth->time_ms) != 0 ||
	    hex_decode(auth->id, REQUEST_ID_LEN, header + ID_AT,
		2 * REQUEST_ID_LEN) != 0 ||
	    hex_decode(auth->nonce, REQUEST_NONCE_LEN, header + NONCE_AT,
		2 * REQUEST_NONCE_LEN) != 0 ||
	    hex_decode(auth->mac, MAC_LEN, header + MAC_AT, 2 * MAC_LEN) != 0)
		return CODE_REQUEST_FORM;
	return 0;
}

bool
request_time_is_near(int64_t time_ms, int64_t now_ms)
{
	return time_ms >= now_ms - REQUEST_AGE_MAX_MS &&
	       time_ms <= now_ms + REQUEST_AHEAD_MAX_MS;
}

int
request_verify(const struct request_auth *auth,
    const uint8_t key[REQUEST_KEY_LEN], const struct request_text *text,
    int64_t now_ms)
{
	uint8_t want[MAC_LEN];
	bool good;
	int r;

	if ((r = request_mac(want, auth, key, text)) != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_REQUEST_MAC : r;
	good = mem_equal(want, auth->mac, MAC_LEN);
	mem_wipe(want, sizeof(want));
	if (!good)
		return CODE_REQUEST_MAC;
	if (!request_time_is_near(auth->time_ms, now_ms))
		return CODE_REQUEST_TIME;
	return 0;
}

static int
reply_mac(uint8_t mac[MAC_LEN], const uint8_t key[REQUEST_KEY_LEN],
    const uint8_t request_mac[MAC_LEN], int status, const void *body,
    size_t len)
{
	uint8_t hash[HASH_LEN];
	struct blob over;
	char digits[16];
	int r;

	if (status < 100 || status > 999)
		return VAULTENV_ERR_INVALID;
	snprintf(digits, sizeof(digits), "%d", status);
	blob_init(&over, TEXT_MAX);
	if ((r = sha256(hash, body, len)) != 0 ||
	    (r = lp_append_text(&over, LABEL_REPLY_V2)) != 0 ||
	    (r = lp_append(&over, request_mac, MAC_LEN)) != 0 ||
	    (r = lp_append_text(&over, digits)) != 0 ||
	    (r = lp_append(&over, hash, HASH_LEN)) != 0)
		goto out;
	r = hmac_sha256(mac, key, REQUEST_KEY_LEN, over.data, over.len);
out:
	blob_reset(&over);
	return r;
}

int
reply_header_write(char header[REPLY_HEADER_LEN + 1],
    const uint8_t key[REQUEST_KEY_LEN], const uint8_t request_mac[MAC_LEN],
    int status, const void *body, size_t len)
{
	uint8_t mac[MAC_LEN];
	int r;

	if ((r = reply_mac(mac, key, request_mac, status, body, len)) != 0)
		return r;
	memcpy(header, "m=", 2);
	hex_encode(header + 2, mac, MAC_LEN);
	return 0;
}

int
reply_verify(const char *header, size_t header_len,
    const uint8_t key[REQUEST_KEY_LEN], const uint8_t request_mac[MAC_LEN],
    int status, const void *body, size_t len)
{
	uint8_t got[MAC_LEN], want[MAC_LEN];
	bool good;
	int r;

	if (header == NULL || header_len != REPLY_HEADER_LEN ||
	    memcmp(header, "m=", 2) != 0 ||
	    hex_decode(got, MAC_LEN, header + 2, 2 * MAC_LEN) != 0)
		return CODE_REPLY_MAC;
	r = reply_mac(want, key, request_mac, status, body, len);
	if (r != 0)
		return r == VAULTENV_ERR_INVALID ? CODE_REPLY_MAC : r;
	good = mem_equal(want, got, MAC_LEN);
	mem_wipe(want, sizeof(want));
	return good ? 0 : CODE_REPLY_MAC;
}
