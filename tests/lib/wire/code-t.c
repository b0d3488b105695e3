/* SPDX-License-Identifier: MIT */
/* code-t.c: every code has a name and a sentence of good form. */
#include "config.h"

#include <ctype.h>

#include "tap.h"
#include "wire/code.h"

static struct blob text, hint;

static const char *
text_of(int code, const struct code_fill *fills, size_t n)
{
	text.len = 0;
	return code_text(&text, code, fills, n) == 0 ? (char *)text.data : "";
}

static const char *
hint_of(int code, const struct code_fill *fills, size_t n)
{
	hint.len = 0;
	if (code_hint(&hint, code, fills, n) != 0)
		return ".";
	return hint.len == 0 ? "" : (char *)hint.data;
}

/* Starts with a capital or a {name}, does not end with a stop. */
static bool
is_sentence(const char *s)
{
	const size_t len = strlen(s);

	return len > 0 && (isupper((unsigned char)s[0]) || s[0] == '{') &&
	       s[len - 1] != '.' && strchr(s, '\n') == NULL &&
	       strstr(s, "..") == NULL;
}

/* What a server alone finds, it says itself. Who approves checks a registration
 * once more; and that a key is malformed is said of which one. */
static bool
has_sentence(int code)
{
	switch (code) {
	case CODE_REGISTER_DEVICE_ID:
	case CODE_REGISTER_SIGNATURE:
	case CODE_REGISTER_JOIN:
	case CODE_REGISTER_TIME:
		return true;
	case CODE_KEY_FORM:
		return false;
	}
	return code < CODE_OF_SERVER;
}

static void
test_table(void)
{
	int wrong = 0, tampered = 0;

	for (int code = CODE_GOOD + 1; code < CODE_N; code++) {
		const char *name = code_name(code);

		if (code_find(name, strlen(name)) != code ||
		    is_sentence(text_of(code, NULL, 0)) != has_sentence(code) ||
		    (!has_sentence(code) &&
			strcmp(text_of(code, NULL, 0), name) != 0) ||
		    (*hint_of(code, NULL, 0) != '\0' &&
			!is_sentence(hint_of(code, NULL, 0)))) {
			printf("# %d %s: %s. %s\n", code, name,
			    text_of(code, NULL, 0), hint_of(code, NULL, 0));
			wrong++;
		}
		if (strlen(text_of(code, NULL, 0)) >= VAULTENV_ERROR_TEXT / 2 ||
		    strlen(hint_of(code, NULL, 0)) >= VAULTENV_ERROR_HINT)
			wrong++;
		if (code_kind(code) != CODE_TAMPERED)
			continue;
		tampered++;
		if (strstr(hint_of(code, NULL, 0),
			"Nothing was changed. If others see it too") == NULL)
			wrong++;
	}
	is_int(wrong, 0,
	    "every code has its name, and one of this machine its sentence");
	ok(tampered > 20, "%d of them tell of tampering", tampered);
	is_int(code_find("good", 4), 0, "0 is no code");
	is_int(code_find("log_", 4), 0, "nor is part of a name");
	ok(code_kind(CODE_RECORD_STALE) == CODE_EVERYDAY &&
		code_kind(CODE_BAD_SUITE) == CODE_EVERYDAY &&
		code_kind(CODE_CACHE_AGE) == CODE_AWAY &&
		code_kind(CODE_REPLY_MAC) == CODE_AWAY &&
		code_kind(CODE_LOW_ORDER) == CODE_TAMPERED,
	    "everyday causes, a server that is away, and tampering");
	is_str(code_name(CODE_N), "good", "a number beyond has no name");
}

static void
test_filling(void)
{
	const struct code_fill fills[] = { { "env", "production" },
		{ "got", "3" }, { "seen", "{env}" } };

	is_str(text_of(CODE_WRAP_MISSING, fills, 3),
	    "There is no key of production for this device",
	    "what is known stands in the text");
	is_str(hint_of(CODE_WRAP_MISSING, fills, 3),
	    "Ask a writer to run: vault-env share --env production",
	    "and in the hint");
	ok(strstr(text_of(CODE_RECORD_ROLLBACK, fills, 3),
	       "version 3 of production, but version {env} exists") != NULL,
	    "what is filled in is not filled again");
	ok(strstr(text_of(CODE_LOG_GAP, fills, 3), "{seq}") != NULL,
	    "what is not known stays");
}

int
main(void)
{
	blob_init(&text, 4096);
	blob_init(&hint, 4096);
	test_table();
	test_filling();
	blob_reset(&text);
	blob_reset(&hint);
	return tap_done();
}
