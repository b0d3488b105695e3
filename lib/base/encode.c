/* SPDX-License-Identifier: MIT */
/*
 * encode.c: bytes as text and back: canonical base64, lower-case hex, decimal
 * numbers, and the forms of UUID and UTF-8. One spelling for each value: what
 * decodes is exactly what the encoder would have written. No allocation of its
 * own, no meaning of the bytes.
 */
#include "config.h"

#include "base/base.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_encode(struct blob *out, const uint8_t *data, size_t len)
{
	uint8_t *p;
	size_t i;
	int r;

	if (len > SIZE_MAX / 4 * 3 - 3)
		return VAULTENV_ERR_INVALID;
	if ((r = blob_reserve(out, BASE64_LEN(len))) != 0)
		return r;
	p = out->data + out->len;
	for (i = 0; len - i >= 3; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16 |
			     (uint32_t)data[i + 1] << 8 | data[i + 2];

		*p++ = (uint8_t)base64_alphabet[v >> 18];
		*p++ = (uint8_t)base64_alphabet[v >> 12 & 63];
		*p++ = (uint8_t)base64_alphabet[v >> 6 & 63];
		*p++ = (uint8_t)base64_alphabet[v & 63];
	}
	if (len - i > 0) {
		uint32_t v = (uint32_t)data[i] << 16;

		if (len - i == 2)
			v |= (uint32_t)data[i + 1] << 8;
		*p++ = (uint8_t)base64_alphabet[v >> 18];
		*p++ = (uint8_t)base64_alphabet[v >> 12 & 63];
		*p++ =
		    len - i == 2 ? (uint8_t)base64_alphabet[v >> 6 & 63] : '=';
		*p++ = '=';
	}
	out->len += BASE64_LEN(len);
	return 0;
}

#define TWO(c, n)   [c] = n, [c + 1] = n + 1
#define FOUR(c, n)  TWO(c, n), TWO(c + 2, n + 2)
#define EIGHT(c, n) FOUR(c, n), FOUR(c + 4, n + 4)
#define LETTERS(c, n)                                                          \
	EIGHT(c, n), EIGHT(c + 8, n + 8), EIGHT(c + 16, n + 16),               \
	    TWO(c + 24, n + 24)

/* One more than the digit, 0 for what is none. */
static const uint8_t base64_digits[256] = {
	LETTERS('A', 1),
	LETTERS('a', 27),
	EIGHT('0', 53),
	TWO('8', 61),
	['+'] = 63,
	['/'] = 64,
};

/* 0..63, or -1. */
static int
base64_digit(unsigned char c)
{
	return base64_digits[c] - 1;
}

/* Groups of four digits, 3 bytes each; writes nothing after a bad one. */
static bool
decode_groups(uint8_t *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i += 4) {
		const int a = base64_digit((unsigned char)text[i]);
		const int b = base64_digit((unsigned char)text[i + 1]);
		const int c = base64_digit((unsigned char)text[i + 2]);
		const int d = base64_digit((unsigned char)text[i + 3]);
		uint32_t v;

		if ((a | b | c | d) < 0)
			return false;
		v = (uint32_t)(a << 18 | b << 12 | c << 6 | d);
		*p++ = (uint8_t)(v >> 16);
		*p++ = (uint8_t)(v >> 8);
		*p++ = (uint8_t)v;
	}
	return true;
}

/* The last group when it ends in `=`: 1 or 2 bytes, the spare bits zero. */
static bool
decode_tail(uint8_t *p, const char *text)
{
	int a = base64_digit((unsigned char)text[0]);
	int b = base64_digit((unsigned char)text[1]);
	int c;

	if (a < 0 || b < 0 || text[3] != '=')
		return false;
	p[0] = (uint8_t)(a << 2 | b >> 4);
	if (text[2] == '=')
		return (b & 15) == 0;
	c = base64_digit((unsigned char)text[2]);
	p[1] = (uint8_t)((b & 15) << 4 | c >> 2);
	return c >= 0 && (c & 3) == 0;
}

int
base64_decode(struct blob *out, const char *text, size_t len)
{
	size_t n_pad = 0;
	size_t whole, n;
	uint8_t *p;
	int r;

	if (len % 4 != 0)
		return VAULTENV_ERR_INVALID;
	if (len > 0 && text[len - 1] == '=')
		n_pad = text[len - 2] == '=' ? 2 : 1;
	whole = n_pad > 0 ? len - 4 : len;
	n = len / 4 * 3 - n_pad;
	if ((r = blob_reserve(out, n)) != 0)
		return r;
	p = out->data + out->len;
	if (!decode_groups(p, text, whole) ||
	    (n_pad > 0 && !decode_tail(p + whole / 4 * 3, text + whole))) {
		mem_wipe(p, n);
		return VAULTENV_ERR_INVALID;
	}
	out->len += n;
	return 0;
}

/* No table and no branch on the digits: they are often a key's. */
void
hex_encode(char *out, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned hi = data[i] >> 4;
		unsigned lo = data[i] & 15;

		*out++ = (char)('0' + hi + (((9 - hi) >> 8) & 39));
		*out++ = (char)('0' + lo + (((9 - lo) >> 8) & 39));
	}
	*out = '\0';
}

/* 0..15, or a value with bits above the low four. */
static unsigned
hex_digit(unsigned char c)
{
	unsigned digit = (unsigned)c - '0';
	unsigned letter = (unsigned)c - 'a';
	unsigned is_digit = ((digit - 10) >> 16) & 1;
	unsigned is_letter = ((letter - 6) >> 16) & 1;

	is_digit &= 1 ^ ((digit >> 16) & 1);
	is_letter &= 1 ^ ((letter >> 16) & 1);
	return (is_digit * digit) | (is_letter * (letter + 10)) |
	       ((1 ^ (is_digit | is_letter)) << 8);
}

int
hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
	unsigned bad = 0;
	uint8_t keep;

	if (text_len % 2 != 0 || text_len / 2 != len)
		return VAULTENV_ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		unsigned hi = hex_digit((unsigned char)text[2 * i]);
		unsigned lo = hex_digit((unsigned char)text[2 * i + 1]);

		bad |= hi | lo;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	/* Nor a branch on the verdict: it is the caller's to make public. */
	bad = bad >> 8 & 1;
	keep = (uint8_t)(bad - 1);
	for (size_t i = 0; i < len; i++)
		out[i] &= keep;
	return (int)bad * VAULTENV_ERR_INVALID;
}

bool
uuid_is_canonical(const char *text, size_t len)
{
	if (len != VAULTENV_PROJECT_ID_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return false;
		} else if (hex_digit((unsigned char)text[i]) > 15) {
			return false;
		}
	}
	return true;
}

int
decimal_parse(const char *text, size_t len, int64_t max, int64_t *out)
{
	int64_t n = 0;

	if (len == 0 || (text[0] == '0' && len > 1))
		return VAULTENV_ERR_INVALID;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, text[i] - '0', &n))
			return VAULTENV_ERR_INVALID;
	}
	if (n > max)
		return VAULTENV_ERR_INVALID;
	*out = n;
	return 0;
}

/* The lead bytes and the range of the byte after them: RFC 3629 section 4. */
bool
utf8_is_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0;

	while (i < len) {
		unsigned char c = p[i++];
		unsigned char low = 0x80, high = 0xbf;
		size_t n_more;

		if (c < 0x80)
			continue;
		if (c < 0xc2 || c > 0xf4)
			return false;
		n_more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		if (c == 0xe0)
			low = 0xa0;
		else if (c == 0xed)
			high = 0x9f;
		else if (c == 0xf0)
			low = 0x90;
		else if (c == 0xf4)
			high = 0x8f;
		if (len - i < n_more)
			return false;
		for (; n_more > 0; n_more--) {
			if (p[i] < low || p[i] > high)
				return false;
			i++;
			low = 0x80;
			high = 0xbf;
		}
	}
	return true;
}
