/* SPDX-License-Identifier: MIT */
/*
 * sentence.c: see sentence.h. Where something is not known a general word
 * stands for it, of a number a question mark, so no sentence has a hole. Must
 * not judge.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "trust/sentence.h"

#define NUMBER_SIZE 24
#define DATE_SIZE   64
#define DEVICE_SIZE (DEVICE_NAME_LEN_MAX + 16)
#define KEY_SIZE    (ENV_LEN_MAX + 64)
#define ID_SHOWN    8 /* digits of a device's id */

static const char *
either(const char *known, const char *general)
{
	return known != NULL ? known : general;
}

static void
write_date(char out[DATE_SIZE], int64_t at_ms)
{
	const time_t t = (time_t)(at_ms / 1000);
	struct tm tm;

	if (at_ms == 0 || gmtime_r(&t, &tm) == NULL ||
	    strftime(out, DATE_SIZE, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(out, DATE_SIZE, "a day not known here");
}

/* The name and the first digits of the id: anybody can have a name. */
static const char *
device_text(char out[DEVICE_SIZE], const struct members *log, const char *id)
{
	const struct member *m = NULL;

	if (log != NULL)
		m = members_find(log, id);
	if (*id == '\0')
		snprintf(out, DEVICE_SIZE, "a device");
	else if (m == NULL)
		snprintf(
		    out, DEVICE_SIZE, "an unknown device (%.*s)", ID_SHOWN, id);
	else
		snprintf(out, DEVICE_SIZE, "%s (%.*s)", m->name, ID_SHOWN, id);
	return out;
}

/* Of a version, or of a device. */
static const char *
key_text(char out[KEY_SIZE], const char *env, int64_t seq)
{
	if (env != NULL)
		snprintf(out, KEY_SIZE, "The key of %s for this device", env);
	else if (seq > 0)
		snprintf(out, KEY_SIZE,
		    "A key in entry %" PRId64 " of the list of devices", seq);
	else
		snprintf(out, KEY_SIZE, "A device's key");
	return out;
}

/* Versions begin with 1, entries of the log with 0. */
static void
write_number(char out[NUMBER_SIZE], int64_t number, bool is_known)
{
	if (is_known)
		snprintf(out, NUMBER_SIZE, "%" PRId64, number);
	else
		strcpy(out, "?");
}

int
sentence_write(struct blob *text, struct blob *hint, int code,
    const struct finding *why, const struct sentence_about *about)
{
	static const struct finding nothing;
	const struct finding *w = why != NULL ? why : &nothing;
	const int64_t low =
	    w->version < w->other_version ? w->version : w->other_version;
	const int64_t high = w->version + w->other_version - low;
	char seq[NUMBER_SIZE], n[NUMBER_SIZE], seen[NUMBER_SIZE];
	char from[NUMBER_SIZE], to[NUMBER_SIZE];
	char date[DATE_SIZE], device[DEVICE_SIZE], key[KEY_SIZE];
	const struct code_fill fills[] = {
		{ "seq", seq },
		{ "n", n },
		{ "got", n },
		{ "seen", seen },
		{ "from", from },
		{ "to", to },
		{ "date", date },
		{ "device", device_text(device, about->log, w->device) },
		{ "key", key_text(key, about->env, w->seq) },
		{ "project",
		    about->log == NULL ? "this one" : about->log->project },
		{ "env", either(about->env, "an environment") },
		{ "other", w->env[0] != '\0' ? w->env : "another name" },
		{ "file", either(about->file, "The file of what was seen") },
		{ "url", either(about->url, "The server") },
		{ "age", either(about->age, "too old") },
		{ "allowed", either(about->allowed, "less") },
		{ "limit", either(w->limit, "the limit") },
		{ "fresh", either(about->fresh, "its limit") },
		{ "own", either(about->own, "ID") },
	};
	const size_t n_fills = sizeof(fills) / sizeof(*fills);
	int r;

	write_number(seq, w->seq, why != NULL);
	write_number(n, w->version, w->version > 0);
	write_number(seen, w->other_version, w->other_version > 0);
	write_number(from, low, low > 0);
	write_number(to, high, high > 0);
	write_date(date, w->at_ms);
	if ((r = code_text(text, code, fills, n_fills)) != 0)
		return r;
	return code_hint(hint, code, fills, n_fills);
}
