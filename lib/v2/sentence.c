/* SPDX-License-Identifier: MIT */
/*
 * sentence.c: a code of protocol v2 -> an error of the library: its status, and
 * the sentence that lib/wire/code.c has for it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define SENTENCE_MAX 4096

/* What is more than "not what was signed", "away" and "refused". */
static int
status_of(int code)
{
	switch (code) {
	case CODE_DEVICE_MISSING:
	case CODE_DEVICE_UNKNOWN:
	case CODE_DEVICE_REVOKED:
	case CODE_DEVICE_EXPIRED:
	case CODE_DEVICE_SCOPE:
		return VAULTENV_ERR_DEVICE;
	case CODE_KEY_UNKNOWN:
	case CODE_KEY_REPLACED:
		return VAULTENV_ERR_UNAUTHORIZED;
	case CODE_REGISTER_TIME:
		return VAULTENV_ERR_CLOCK;
	default:
		break;
	}
	return code_kind(code) == CODE_TAMPERED ? VAULTENV_ERR_VERIFY
	       : code_kind(code) == CODE_AWAY   ? VAULTENV_ERR_NETWORK
						: VAULTENV_ERR_FORBIDDEN;
}

const char *
pin_file(const struct team *t, const char *env)
{
	const struct pin *pin =
	    env == NULL ? &t->pins.log : pins_find(&t->pins, env);

	return pin != NULL && pin->shared ? SHARED_HEADS : NULL;
}

/* Codes that a pin gives rise to. */
static bool
is_about_pins(int code)
{
	return code == CODE_LOG_SHORT || code == CODE_LOG_FORK ||
	       code == CODE_RECORD_ROLLBACK || code == CODE_RECORD_FORK ||
	       code == CODE_RECORD_MISSING || code == CODE_RECORD_LINK;
}

/* What is wrong with a cache is not the server's doing; and of what was seen it
 * is said where. */
static int
name_file(struct blob *text, int code, const char *file)
{
	static const char server[] = "The server";
	const size_t len = strlen(server);
	struct blob named;
	int r;

	if (*file == '.' || *file == '/')
		return is_about_pins(code)
			   ? blob_printf(text, ", says %s", file)
			   : 0;
	if (text->len < len || memcmp(text->data, server, len) != 0)
		return blob_printf(text, " (%s)", file);
	blob_init(&named, SENTENCE_MAX);
	if ((r = blob_append_str(&named, file)) == 0)
		r = blob_append_str(&named, (const char *)text->data + len);
	if (r == 0) {
		blob_reset(text);
		*text = named;
		return 0;
	}
	blob_reset(&named);
	return r;
}

/* Who gave what was tampered with, and where it says what was seen. */
static int
name_source(struct blob *text, const struct vaultenv_client *c, int code,
    const struct finding *why, const char *file)
{
	int r = 0;

	if (c->team != NULL && c->team->is_mirror)
		r = name_file(text, code, "The mirror");
	if (r == 0 && file != NULL && (why == NULL || !why->is_own))
		r = name_file(text, code, file);
	return r;
}

/* How old a version may be for this device. */
static const char *
fresh_text(const struct vaultenv_client *c, char out[AGE_TEXT])
{
	const struct team *t = c->team;
	const struct member *m;

	if (t == NULL || !t->keys->has_device ||
	    (m = members_find(&t->log, t->keys->device.id)) == NULL)
		return NULL;
	age_text(out, member_now(m)->fresh_s, true);
	return out;
}

/* Of a cache that is too old, or of a time to come, as after a clock was put
 * back: how much, and what is allowed. */
#define CACHE_TEXT (AGE_TEXT + 40)
static void
cache_texts(
    const struct finding *why, char age[CACHE_TEXT], char allowed[AGE_TEXT])
{
	const int64_t age_ms = clock_now_ms() - why->at_ms;
	char span[AGE_TEXT];

	age_text(span, llabs(age_ms) / 1000, false);
	snprintf(age, CACHE_TEXT, "%s %s", span,
	    age_ms < -AHEAD_MAX_MS ? "ahead of this machine's clock" : "old");
	age_text(allowed, why->other_version, true);
}

int
code_error(const struct vaultenv_client *c, int code, const struct finding *why,
    const char *env, const char *file, struct vaultenv_error *err)
{
	const bool is_age = code == CODE_CACHE_AGE && why != NULL;
	char fresh[AGE_TEXT], age[CACHE_TEXT], allowed[AGE_TEXT];
	const struct sentence_about about = {
		.log = c->team == NULL ? NULL : &c->team->log,
		.env = env,
		.file = file,
		.url = c->url,
		.age = is_age ? age : NULL,
		.allowed = is_age ? allowed : NULL,
		.fresh = fresh_text(c, fresh),
		.own = c->team != NULL && c->team->keys->has_device
			   ? c->team->keys->device.id
			   : NULL,
	};
	struct blob text, hint;
	int r;

	if (code < 0)
		return err_general(err, code);
	if (err == NULL)
		return status_of(code);
	if (is_age)
		cache_texts(why, age, allowed);
	blob_init(&text, SENTENCE_MAX);
	blob_init(&hint, SENTENCE_MAX);
	r = sentence_write(&text, &hint, code, why, &about);
	if (r == 0 && code_kind(code) == CODE_TAMPERED)
		r = name_source(&text, c, code, why, file);
	if (r != 0) {
		err_general(err, r);
		goto out;
	}
	r = err_set(err, status_of(code), (const char *)hint.data, "%s",
	    (const char *)text.data);
	snprintf(err->reason, sizeof(err->reason), "%s", code_name(code));
out:
	blob_reset(&text);
	blob_reset(&hint);
	return r;
}
