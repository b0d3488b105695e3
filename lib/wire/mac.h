/* SPDX-License-Identifier: MIT */
/*
 * mac.h: how a request and its reply are authenticated in protocol v2: HMAC
 * under the request key, which client and server share.
 *
 *	X-Vault-Request: v=<13 digits>,k=<32 hex>,n=<32 hex>,m=<64 hex>
 *	X-Vault-Reply: m=<64 hex>
 */
#ifndef WIRE_MAC_H
#define WIRE_MAC_H

#include "wire/statement.h"

#define REQUEST_KEY_LEN      32
#define REQUEST_NONCE_LEN    16
#define REQUEST_HEADER_LEN   152
#define REPLY_HEADER_LEN     66
#define REQUEST_AGE_MAX_MS   300000
#define REQUEST_AHEAD_MAX_MS 60000

/* X-Vault-Request, taken apart. */
struct request_auth {
	int64_t time_ms;
	uint8_t id[REQUEST_ID_LEN]; /* of the request key */
	uint8_t nonce[REQUEST_NONCE_LEN];
	uint8_t mac[MAC_LEN];
};

/* What of a request the MAC is over, beside time and nonce. The path is the
 * route's: "/api/v2/secrets/pull". */
struct request_text {
	const char *method;
	const char *path;
	const void *body;
	size_t len;
};

/* The name of a request key: what a server finds it by. */
int request_id(uint8_t id[REQUEST_ID_LEN], const uint8_t key[REQUEST_KEY_LEN]);
/* Fills id and mac; time_ms (13 digits) and nonce are the caller's. INVALID. */
int request_sign(struct request_auth *auth, const uint8_t key[REQUEST_KEY_LEN],
    const struct request_text *text);
void request_header_write(
    char header[REQUEST_HEADER_LEN + 1], const struct request_auth *auth);
/* REQUEST_FORM. */
int
request_header_read(struct request_auth *auth, const char *header, size_t len);
/* REQUEST_MAC, then REQUEST_TIME. The key is that of auth->id, found by the
 * caller. */
int request_verify(const struct request_auth *auth,
    const uint8_t key[REQUEST_KEY_LEN], const struct request_text *text,
    int64_t now_ms);
/* The window of a request's and a registration's time. */
bool request_time_is_near(int64_t time_ms, int64_t now_ms);

/* request_mac: that of the request that is answered. */
int reply_header_write(char header[REPLY_HEADER_LEN + 1],
    const uint8_t key[REQUEST_KEY_LEN], const uint8_t request_mac[MAC_LEN],
    int status, const void *body, size_t len);
/* REPLY_MAC. header NULL: there was none. */
int reply_verify(const char *header, size_t header_len,
    const uint8_t key[REQUEST_KEY_LEN], const uint8_t request_mac[MAC_LEN],
    int status, const void *body, size_t len);

#endif
