/* SPDX-License-Identifier: MIT */
/* encode-t.c: base64 (RFC 4648 section 10), hex, UUID, decimal and UTF-8. */
#include "config.h"

#include "base/base.h"
#include "tap.h"

#define TEXT(literal)                                                          \
	{                                                                      \
		literal, sizeof(literal) - 1                                   \
	}

struct text {
	const char *text;
	size_t len;
};

static void
test_base64_rfc(void)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+" } };
	struct blob b;

	blob_init(&b, 100);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const char *plain = pairs[i][0], *text = pairs[i][1];

		b.len = 0;
		base64_encode(&b, (const uint8_t *)plain, strlen(plain));
		ok(strcmp((char *)b.data, text) == 0 &&
			b.len == BASE64_LEN(strlen(plain)),
		    "encodes to \"%s\"", text);
		b.len = 0;
		ok(base64_decode(&b, text, strlen(text)) == 0 &&
			b.len == strlen(plain) &&
			strcmp((char *)b.data, plain) == 0,
		    "and \"%s\" decodes", text);
	}
	blob_reset(&b);
}

static void
test_base64_round_trip(void)
{
	struct blob text, plain;
	uint8_t data[256];
	int wrong = 0;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 167 + 13);
	blob_init(&text, 1000);
	blob_init(&plain, 1000);
	for (size_t len = 0; len <= sizeof(data); len++) {
		text.len = plain.len = 0;
		if (base64_encode(&text, data, len) != 0 ||
		    base64_decode(&plain, (char *)text.data, text.len) != 0 ||
		    plain.len != len || memcmp(plain.data, data, len) != 0)
			wrong++;
	}
	is_int(wrong, 0, "each length to 256 comes back");
	blob_reset(&text);
	blob_reset(&plain);
}

static void
test_base64_refusals(void)
{
	static const struct text bad[] = { TEXT("A"), TEXT("AA"), TEXT("AAA"),
		TEXT("AAAAA"), TEXT("A==="), TEXT("===="), TEXT("=AAA"),
		TEXT("A=AA"), TEXT("AA=A"), TEXT("AA==AAAA"), TEXT("AAA=AAAA"),
		TEXT("AAAA===="), TEXT("AB=="), TEXT("AP=="), TEXT("AAB="),
		TEXT("AAD="), TEXT("Zg==\n"), TEXT("Zg=\n"), TEXT("Zg\n="),
		TEXT("AAA\n"), TEXT(" AAA"), TEXT("AA A"), TEXT("AA-A"),
		TEXT("AA_A"), TEXT("AAA\0"), TEXT("\0\0=="), TEXT("AA\x80\xff"),
		TEXT("A\xff=="), TEXT("AA\xff=") };
	struct blob b;
	int wrong = 0;

	blob_init(&b, 100);
	blob_append_str(&b, "kept");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(base64_decode(&b, bad[i].text, bad[i].len) ==
			VAULTENV_ERR_INVALID,
		    "base64 refusal %zu", i);
	is_str((char *)b.data, "kept", "a refusal leaves what was there");
	for (int c = 0; c < 256; c++) {
		char text[] = { 'A', (char)c, 'A', 'A' };
		bool digit =
		    c != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/",
				  c) != NULL;

		b.len = 4;
		wrong += (base64_decode(&b, text, 4) == 0) != digit;
	}
	is_int(wrong, 0, "64 bytes are digits and 192 are not");
	b.max = b.len + 2;
	is_int(base64_decode(&b, "AAAA", 4), VAULTENV_ERR_INVALID,
	    "the blob's maximum holds");
	is_int(base64_encode(&b, (const uint8_t *)"x", 1), VAULTENV_ERR_INVALID,
	    "for the encoder too");
	blob_reset(&b);
}

/* Canonical: of all texts of four characters, each value has one spelling. */
static void
test_base64_one_spelling(void)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct blob b;
	int one = 0, two = 0;

	blob_init(&b, 1000000);
	for (int i = 0; i < 64; i++)
		for (int j = 0; j < 64; j++) {
			char text[] = { digits[i], digits[j], '=', '=' };

			one += base64_decode(&b, text, 4) == 0;
			text[2] = digits[i];
			text[0] = digits[j];
			text[1] = 'A';
			two += base64_decode(&b, text, 4) == 0;
		}
	is_int(one, 256, "one byte has 256 spellings");
	is_int(two, 64 * 16, "two bytes have no spare bit either");
	blob_reset(&b);
}

static void
test_hex(void)
{
	uint8_t all[256], back[256];
	char text[513];
	int wrong = 0;

	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	hex_encode(text, all, sizeof(all));
	ok(memcmp(text, "000102030405060708090a0b0c0d0e0f10", 34) == 0 &&
		strcmp(text + 504, "fcfdfeff") == 0 && strlen(text) == 512,
	    "256 bytes are 512 lower-case digits");
	is_int(hex_decode(back, 256, text, 512), 0, "and back");
	ok(memcmp(all, back, 256) == 0, "to the same bytes");
	hex_encode(text, all, 0);
	is_str(text, "", "no bytes are no text");
	is_int(hex_decode(back, 0, "", 0), 0, "and no text no bytes");
	for (int c = 0; c < 256; c++) {
		char one[] = { '0', (char)c };
		bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		wrong += (hex_decode(back, 1, one, 2) == 0) != digit;
		one[0] = (char)c;
		one[1] = '0';
		wrong += (hex_decode(back, 1, one, 2) == 0) != digit;
	}
	is_int(wrong, 0, "16 bytes are digits, upper case is not");
	memset(back, 7, sizeof(back));
	is_int(hex_decode(back, 2, "00fg", 4), VAULTENV_ERR_INVALID,
	    "one bad digit is enough");
	ok(back[0] == 0 && back[1] == 0, "and nothing is given out");
	is_int(hex_decode(back, 2, "00f", 3), VAULTENV_ERR_INVALID, "odd");
	is_int(hex_decode(back, 2, "00", 2), VAULTENV_ERR_INVALID, "short");
	is_int(hex_decode(back, 2, "000000", 6), VAULTENV_ERR_INVALID, "long");
}

static void
test_uuid(void)
{
	static const char *const bad[] = { "",
		"4F1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11",
		"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1",
		"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f111",
		"4f1f6c0e7-b0a-4c57-9a51-0d8f0b1b6f11",
		"4f1f6c0e-7b0a-4c57-9a51_0d8f0b1b6f11",
		"{4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1",
		"4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1g",
		"4f1f6c0e07b0a04c5709a5100d8f0b1b6f11",
		"../1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f1" };

	ok(uuid_is_canonical("4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11", 36),
	    "a UUID in lower case");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!uuid_is_canonical(bad[i], strlen(bad[i])), "not \"%s\"",
		    bad[i]);
}

static void
test_decimal(void)
{
	static const char *const bad[] = { "", "00", "01", "+1", "-1", " 1",
		"1 ", "1.", "1e3", "0x1", "12abc", "9223372036854775808",
		"18446744073709551617", "99999999999999999999999" };
	int64_t n = -5;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(decimal_parse(bad[i], strlen(bad[i]), INT64_MAX, &n) ==
			VAULTENV_ERR_INVALID,
		    "not the number \"%s\"", bad[i]);
	is_int(n, -5, "a refusal sets nothing");
	ok(decimal_parse("0", 1, 0, &n) == 0 && n == 0, "0");
	ok(decimal_parse("9223372036854775807", 19, INT64_MAX, &n) == 0 &&
		n == INT64_MAX,
	    "2^63-1");
	ok(decimal_parse("9007199254740991", 16, (INT64_C(1) << 53) - 1, &n) ==
		0,
	    "2^53-1 where that is the maximum");
	ok(decimal_parse("9007199254740992", 16, (INT64_C(1) << 53) - 1, &n) !=
		0,
	    "but not one more");
	ok(decimal_parse("1\0", 2, 100, &n) != 0, "a NUL is not a digit");
	ok(decimal_parse("123", 2, 100, &n) == 0 && n == 12,
	    "only len bytes are read");
}

static void
test_utf8(void)
{
	static const struct text good[] = { TEXT(""), TEXT("abc\x7f"),
		TEXT("\xc2\x80"), TEXT("\xdf\xbf"), TEXT("\xe0\xa0\x80"),
		TEXT("\xed\x9f\xbf"), TEXT("\xee\x80\x80"),
		TEXT("\xef\xbf\xbf"), TEXT("\xf0\x90\x80\x80"),
		TEXT("\xf4\x8f\xbf\xbf"), TEXT("ä€🚀漢") };
	static const struct text bad[] = { TEXT("\x80"), TEXT("\xbf"),
		TEXT("\xc0\x80"), TEXT("\xc0\xaf"), TEXT("\xc1\xbf"),
		TEXT("\xc2"), TEXT("\xc2\x41"), TEXT("\xc2\xc0"),
		TEXT("\xe0\x9f\xbf"), TEXT("\xe0\xa0"), TEXT("\xe1"),
		TEXT("\xe1\x80\x41"), TEXT("\xed\xa0\x80"),
		TEXT("\xed\xbf\xbf"), TEXT("\xf0\x8f\xbf\xbf"),
		TEXT("\xf0\x90\x80"), TEXT("\xf0\x90\x80\xc0"),
		TEXT("\xf4\x90\x80\x80"), TEXT("\xf5\x80\x80\x80"),
		TEXT("\xf8\x88\x80\x80\x80"), TEXT("\xff"), TEXT("\xfe") };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(utf8_is_valid(good[i].text, good[i].len), "UTF-8 %zu", i);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!utf8_is_valid(bad[i].text, bad[i].len), "not UTF-8 %zu", i);
}

static void
test_character(void)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t code;
		int is_hidden;
	} rows[] = {
		{ "a", 1, 'a', 0 },
		{ " ", 1, ' ', 0 },
		{ "\t", 1, '\t', 1 },
		{ "\x7f", 1, 0x7f, 1 },
		{ "\xc2\x9b", 2, 0x9b, 1 },       /* CSI */
		{ "\xc2\xad", 2, 0xad, 1 },       /* soft hyphen */
		{ "\xc3\xa4", 2, 0xe4, 0 },       /* a umlaut */
		{ "\xe2\x80\x8b", 3, 0x200b, 1 }, /* zero width space */
		{ "\xe2\x80\xae", 3, 0x202e, 1 }, /* right-to-left override */
		{ "\xe2\x81\xa6", 3, 0x2066, 1 }, /* left-to-right isolate */
		{ "\xe2\x82\xac", 3, 0x20ac, 0 }, /* euro */
		{ "\xe3\x85\xa4", 3, 0x3164, 1 }, /* Hangul filler */
		{ "\xef\xbb\xbf", 3, 0xfeff, 1 }, /* byte order mark */
		{ "\xf0\x9f\x9a\x80", 4, 0x1f680, 0 },
		{ "\xf3\xa0\x81\x81", 4, 0xe0041, 1 }, /* tag letter */
		/* Bytes that are no character, C1 ones hidden. */
		{ "\xe2\x80", 1, 0xe2, 0 },
		{ "\xff", 1, 0xff, 0 },
		{ "\x9b", 1, 0x9b, 1 },
		{ "\xc0\x80", 1, 0xc0, 0 },
	};
	uint32_t code;
	int is_hidden;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len =
		    vaultenv_character(rows[i].text, &code, &is_hidden);

		ok(len == rows[i].len && code == rows[i].code &&
			is_hidden == rows[i].is_hidden,
		    "character U+%04X", (unsigned)rows[i].code);
	}
	is_int((intmax_t)vaultenv_character("", &code, &is_hidden), 0, "end");
}

int
main(void)
{
	test_base64_rfc();
	test_base64_round_trip();
	test_base64_refusals();
	test_base64_one_spelling();
	test_hex();
	test_uuid();
	test_decimal();
	test_utf8();
	test_character();
	return tap_done();
}
