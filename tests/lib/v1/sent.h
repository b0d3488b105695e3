/* SPDX-License-Identifier: MIT */
/* sent.h: what a call has sent to the server of fake.h, to the byte. */
#ifndef SENT_H
#define SENT_H

#include <time.h>

#include "fake.h"
#include "sentence.h"
#include "client/client.h"

#define ENVIRONMENT_BODY                                                       \
	"{\"project_id\":\"" PROJECT "\",\"environment\":\"production\""
/* {} sealed */
#define EMPTY_BLOB "LjyiJsnrzo/jr8/b3t0Fogx4c+bY8/LFPCBH3R/D"

static struct fake fake;

/* A signed body, less its member that is another one each time. Valid until the
 * next call. */
static inline const char *
without_nonce(const char *body)
{
	static char text[4096];
	const char *at = strstr(body, ",\"nonce\":\"");

	if (at == NULL || strspn(at + 10, "0123456789abcdef") != 32)
		return "no nonce";
	snprintf(text, sizeof(text), "%.*s%s", (int)(at - body), body,
	    at + 10 + 32 + 1);
	return text;
}

/* The call went to path with exactly this body, signed (or not). */
static inline void
sent(int n, const char *path, const char *body, bool is_signed)
{
	const char *header, *end;
	uint8_t key[KEY_LEN], digest[MAC_LEN];
	char want[256];
	int64_t time_ms;

	snprintf(want, sizeof(want), FAKE_URL "/api/v1/%s", path);
	is_str(fake.calls[n].url, want, "the URL");
	if (body != NULL)
		is_str(is_signed ? without_nonce(fake.calls[n].body)
				 : fake.calls[n].body,
		    body, "the body's bytes");
	ok(strstr(fake.calls[n].headers, "Content-Type: application/json\n") !=
		NULL,
	    "is JSON");
	header = strstr(fake.calls[n].headers, "X-Vault-Signature: ");
	if (!is_signed) {
		ok(header == NULL, "is unsigned");
		return;
	}
	if (!ok(header != NULL, "is signed"))
		return;
	header += strlen("X-Vault-Signature: ");
	end = strchr(header, '\n');
	ok(hex_decode(key, KEY_LEN, AUTH_KEY, strlen(AUTH_KEY)) == 0 &&
		signature_parse(
		    header, (size_t)(end - header), &time_ms, digest) == 0 &&
		signature_verify(key, fake.calls[n].body, fake.calls[n].len,
		    time_ms, digest),
	    "the signature is good");
	ok(llabs(time_ms / 1000 - (int64_t)time(NULL)) <= 2, "of now");
}

#endif
