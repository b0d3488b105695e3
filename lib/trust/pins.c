/* SPDX-License-Identifier: MIT */
/*
 * pins.c: see pins.h. Must not read or write files, nor lower a pin but in
 * pins_set().
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trust/pins.h"
#include "wire/labels.h"
#include "wire/lp.h"

void
pins_reset(struct pins *pins)
{
	free(pins->envs);
	*pins = (struct pins){ .n_envs = 0 };
}

static size_t
place_of(const struct pins *pins, const char *env)
{
	size_t low = 0, high = pins->n_envs;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(pins->envs[mid].env, env) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct env_pin *
find(const struct pins *pins, const char *env)
{
	const size_t i = place_of(pins, env);

	if (i == pins->n_envs || strcmp(pins->envs[i].env, env) != 0)
		return NULL;
	return &pins->envs[i];
}

const struct pin *
pins_find(const struct pins *pins, const char *env)
{
	const struct env_pin *e = find(pins, env);

	return e == NULL ? NULL : &e->pin;
}

const struct pin *
pins_own(const struct pins *pins, const char *env)
{
	const struct env_pin *e = find(pins, env);

	return e == NULL || e->own.version == 0 ? NULL : &e->own;
}

struct history_query
pins_query(const struct pins *pins, const char *env)
{
	return (struct history_query){ .env = env,
		.pin = pins_find(pins, env),
		.own = pins_own(pins, env) };
}

static int
insert(struct pins *pins, const char *env, const struct pin *pin)
{
	const size_t place = place_of(pins, env);
	struct env_pin *envs;

	/* No project has more; a file that says so would only take time. */
	if (pins->n_envs == LIST_MAX)
		return CODE_HEADS_FORM;
	envs = reallocarray(pins->envs, pins->n_envs + 1, sizeof(*envs));
	if (envs == NULL)
		return VAULTENV_ERR_NOMEM;
	memmove(envs + place + 1, envs + place,
	    (pins->n_envs - place) * sizeof(*envs));
	envs[place] = (struct env_pin){ .pin = *pin };
	if (!pin->shared)
		envs[place].own = *pin;
	memcpy(envs[place].env, env, strlen(env));
	pins->envs = envs;
	pins->n_envs++;
	return 0;
}

/* False: two hashes of one number. */
static bool
raise_to(struct pins *pins, struct pin *old, const struct pin *pin)
{
	if (old->version == pin->version &&
	    memcmp(old->hash, pin->hash, HASH_LEN) != 0) {
		pins->fork = (struct env_pin){ .pin = *pin };
		return false;
	}
	if (pin->version > old->version)
		*old = *pin;
	return true;
}

int
pins_raise(struct pins *pins, const char *env, const struct pin *pin)
{
	struct env_pin *old = find(pins, env);

	if (old == NULL)
		return insert(pins, env, pin);
	if (raise_to(pins, &old->pin, pin)) {
		if (!pin->shared && pin->version > old->own.version)
			old->own = *pin;
		return 0;
	}
	memcpy(pins->fork.env, env, strlen(env));
	return CODE_RECORD_FORK;
}

int
pins_raise_log(struct pins *pins, const struct pin *pin)
{
	if (pins->has_log)
		return raise_to(pins, &pins->log, pin) ? 0 : CODE_LOG_FORK;
	pins->has_log = true;
	pins->log = *pin;
	return 0;
}

int
pins_set(struct pins *pins, const char *env, const struct pin *pin)
{
	struct env_pin *old = find(pins, env);
	size_t place;

	if (old == NULL)
		return pin->version == 0 ? 0 : insert(pins, env, pin);
	old->pin = old->own = *pin;
	if (pin->version > 0)
		return 0;
	place = place_of(pins, env);
	pins->n_envs--;
	memmove(pins->envs + place, pins->envs + place + 1,
	    (pins->n_envs - place) * sizeof(*pins->envs));
	return 0;
}

int
pins_check_log(const struct pins *pins, const struct members *m)
{
	if (!pins->has_log)
		return 0;
	if (pins->log.version >= (int64_t)m->n_steps)
		return CODE_LOG_SHORT;
	return memcmp(pins->log.hash, m->steps[pins->log.version].hash,
		   HASH_LEN) == 0
		   ? 0
		   : CODE_LOG_FORK;
}

/* Up to the next blank, or the end of the line; moved behind it. */
static struct text
next_word(struct text *line)
{
	const char *blank = memchr(line->at, ' ', line->len);
	struct text word = *line;

	if (blank == NULL) {
		line->at += line->len;
		line->len = 0;
		return word;
	}
	word.len = (size_t)(blank - line->at);
	line->at = blank + 1;
	line->len -= word.len + 1;
	return word;
}

static bool
is_word(struct text word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.at, text, word.len) == 0;
}

/* "<number> <hash>", and nothing behind it. */
static bool
read_pin(struct text line, struct pin *pin)
{
	const struct text number = next_word(&line);

	return decimal_parse(
		   number.at, number.len, JSON_INT_MAX, &pin->version) == 0 &&
	       hex_decode(pin->hash, HASH_LEN, line.at, line.len) == 0;
}

/* Behind "env ". */
static bool
read_env_pin(struct text line, struct env_pin *out)
{
	const struct text name = next_word(&line);

	if (!env_is_valid(name.at, name.len) || !read_pin(line, &out->pin) ||
	    out->pin.version == 0)
		return false;
	memcpy(out->env, name.at, name.len);
	out->env[name.len] = '\0';
	return true;
}

static int
read_line(struct pins *pins, struct text line, bool shared, bool *has_log)
{
	const struct text kind = next_word(&line);
	struct env_pin e = { .pin = { .shared = shared } };
	struct pin pin = { .shared = shared };

	if (is_word(kind, "log")) {
		if (!read_pin(line, &pin))
			return CODE_HEADS_FORM;
		*has_log = true;
		return pins_raise_log(pins, &pin);
	}
	if (!is_word(kind, "env") || !read_env_pin(line, &e))
		return CODE_HEADS_FORM;
	return pins_raise(pins, e.env, &e.pin);
}

/* True with the next line, without its line feed; false at the end, or where
 * there is none. */
static bool
next_line(struct text *rest, struct text *line)
{
	const char *end = memchr(rest->at, '\n', rest->len);

	if (end == NULL)
		return false;
	*line = (struct text){ rest->at, (size_t)(end - rest->at) };
	rest->at = end + 1;
	rest->len -= line->len + 1;
	return true;
}

int
pins_read(struct pins *pins, const char *project, const char *text, size_t len,
    bool shared, bool *other)
{
	struct text rest = { text, len }, first, line, id;
	bool has_log = false;
	int r;

	*other = false;
	if (!next_line(&rest, &first))
		return CODE_HEADS_FORM;
	id = first;
	if (!is_word(next_word(&id), LABEL_HEADS_V2) ||
	    !uuid_is_canonical(id.at, id.len) || rest.len == 0)
		return CODE_HEADS_FORM;
	if (!is_word(id, project)) {
		*other = true;
		return shared ? 0 : CODE_HEADS_FORM;
	}
	while (next_line(&rest, &line)) {
		if (line.len == first.len &&
		    memcmp(line.at, first.at, line.len) == 0)
			continue;
		if ((r = read_line(pins, line, shared, &has_log)) != 0)
			return r;
	}
	return has_log && rest.len == 0 ? 0 : CODE_HEADS_FORM;
}

int
pins_write(struct blob *out, const char *project, const struct pins *pins)
{
	char hex[2 * HASH_LEN + 1];
	int r;

	if (!pins->has_log)
		return VAULTENV_ERR_INVALID;
	hex_encode(hex, pins->log.hash, HASH_LEN);
	r = blob_printf(out, LABEL_HEADS_V2 " %s\nlog %" PRId64 " %s\n",
	    project, pins->log.version, hex);
	for (size_t i = 0; r == 0 && i < pins->n_envs; i++) {
		const struct env_pin *e = &pins->envs[i];

		hex_encode(hex, e->pin.hash, HASH_LEN);
		r = blob_printf(out, "env %s %" PRId64 " %s\n", e->env,
		    e->pin.version, hex);
	}
	return r;
}

bool
pin_fits(const struct pin *pin, const struct records *chain)
{
	const struct record *at = chain->at;
	size_t i;

	if (chain->n == 0 || pin->version > at[chain->n - 1].version)
		return false;
	if (pin->version < at[0].version)
		return true;
	i = (size_t)(pin->version - at[0].version);
	return memcmp(at[i].raw.hash, pin->hash, HASH_LEN) == 0;
}

int
pins_drop(struct blob *out, const char *text, size_t len, const char *env,
    const struct records *chain)
{
	struct text rest = { text, len }, line, fields;
	struct env_pin e;
	int r = 0;

	while (r == 0 && next_line(&rest, &line)) {
		fields = line;
		if (is_word(next_word(&fields), "env") &&
		    read_env_pin(fields, &e) && strcmp(e.env, env) == 0 &&
		    !pin_fits(&e.pin, chain))
			continue;
		r = blob_append(out, line.at, line.len + 1);
	}
	return r;
}
