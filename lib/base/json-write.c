/* SPDX-License-Identifier: MIT */
/*
 * json-write.c: JSON text, made. Must write nothing that json.c would refuse.
 */
#include "config.h"

#include <string.h>

#include "base/json.h"

int
json_append_string(struct blob *out, const char *text, size_t len)
{
	static const char short_forms[] = "btn\0fr"; /* \b to \r, no \v */
	static const char hex[] = "0123456789abcdef";
	const size_t start = out->len;
	size_t run = 0;
	int r;

	if (!utf8_is_valid(text, len))
		return VAULTENV_ERR_INVALID;
	if ((r = blob_append(out, "\"", 1)) != 0)
		goto out;
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];
		char escape[6] = { '\\', (char)c };
		size_t escape_len = 2;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (c == '\0') {
			r = VAULTENV_ERR_INVALID;
			goto out;
		}
		if (c >= '\b' && c <= '\r' && c != '\v') {
			escape[1] = short_forms[c - '\b'];
		} else if (c < 0x20) {
			memcpy(escape + 1, "u00", 3);
			escape[4] = hex[c >> 4];
			escape[5] = hex[c & 15];
			escape_len = 6;
		}
		if ((r = blob_append(out, text + run, i - run)) != 0 ||
		    (r = blob_append(out, escape, escape_len)) != 0)
			goto out;
		run = i + 1;
	}
	if ((r = blob_append(out, text + run, len - run)) == 0)
		r = blob_append(out, "\"", 1);
out:
	if (r != 0 && out->len > start) {
		mem_wipe(out->data + start, out->len - start);
		out->len = start;
	}
	return r;
}
