/* SPDX-License-Identifier: MIT */
/*
 * team.c: who this machine is to a project of protocol v2, and what it has seen
 * of it: keys, log, pins. What is believed is written down here, and only here;
 * nothing that a server says is, before it was judged.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

#define URL_TEXT_MAX 4096

static int
keys_fill(struct team *t, const struct client_keys *from)
{
	struct team_keys *keys = t->keys;
	int r;

	if ((r = vault_key_read(&keys->key, from->vault_key)) != 0)
		return r;
	memcpy(t->project, keys->key.project, sizeof(t->project));
	if (from->next_key[0] != '\0') {
		if ((r = vault_key_read(&keys->next, from->next_key)) != 0)
			return r;
		keys->has_next = true;
	}
	if (from->device_secret[0] == '\0')
		return 0;
	keys->has_device = true;
	return device_read(&keys->device, t->project, from->device_secret);
}

static int
url_fill(struct team *t, const char *url)
{
	struct blob text;
	int r;

	blob_init(&text, URL_TEXT_MAX);
	if ((r = url_canonical(&text, url)) == 0 && text.len > URL_LEN_MAX)
		r = VAULTENV_ERR_INVALID;
	if (r == 0)
		memcpy(t->url, text.data, text.len + 1);
	blob_reset(&text);
	return r;
}

static int
request_key_fill(struct team *t)
{
	return request_key_derive(
	    t->keys->request_key, team_key(t), &t->keys->device, t->url);
}

static int
team_fill(struct team *t, const struct vaultenv_client *c)
{
	int r;

	if ((t->keys = secmem_alloc(sizeof(*t->keys))) == NULL)
		return VAULTENV_ERR_NOMEM;
	blob_init(&t->lines, LOG_FILE_MAX);
	blob_init(&t->held.lines, SIZE_MAX);
	blob_init(&t->held.secrets, SIZE_MAX);
	if ((r = keys_fill(t, c->keys)) != 0)
		return r;
	members_init(&t->log, t->project);
	if ((r = url_fill(t, c->url)) != 0)
		return r;
	if (t->keys->has_device && (r = request_key_fill(t)) != 0)
		return r;
	return project_files_init(&t->files, c->state_path, t->project);
}

void
team_free(struct team **team)
{
	struct team *t = *team;

	if (t == NULL)
		return;
	secmem_free(t->keys, sizeof(*t->keys));
	project_files_reset(&t->files);
	members_reset(&t->log);
	pins_reset(&t->pins);
	blob_reset(&t->lines);
	blob_reset(&t->held.lines);
	blob_reset(&t->held.secrets);
	free(t);
	*team = NULL;
}

const struct vault_key *
team_key(const struct team *t)
{
	return t->keys->uses_next ? &t->keys->next : &t->keys->key;
}

void
team_opening(
    const struct vaultenv_client *c, const char *env, struct opening *out)
{
	const struct team *t = c->team;
	*out = (struct opening){
		.key = &t->keys->key,
		.next = t->keys->has_next ? &t->keys->next : NULL,
		.device = &t->keys->device,
		.env = env,
		.now_ms = clock_now_ms(),
		.pins = &t->pins,
		.source = FROM_SERVER,
		.log_from = t->log.n_steps,
	};
}

static int
team_new(struct vaultenv_client *c, struct vaultenv_error *err)
{
	int r;

	if ((r = vaultenv_client_require_v2(c, err)) != 0)
		return r;
	if ((c->team = calloc(1, sizeof(*c->team))) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if ((r = team_fill(c->team, c)) == 0)
		return 0;
	r = r == VAULTENV_ERR_INVALID
		? err_set(err, r, "Check the URL (VAULT_URL)",
		      "The URL of the server is longer than %d bytes",
		      URL_LEN_MAX)
		: code_error(c, r, NULL, NULL, NULL, err);
	team_free(&c->team);
	return r;
}

/* A code of what a file of pins says, or a status, whose error is there. */
static int
pins_refused(const struct vaultenv_client *c, int r, const struct pins *pins,
    const char *file, struct vaultenv_error *err)
{
	const struct env_pin *fork = &pins->fork;
	const struct finding why = { .seq = fork->pin.version,
		.version = fork->pin.version };

	return r > 0 ? code_error(c, r, &why, fork->env, file, err) : r;
}

/* What .vault-heads says counts as what was seen, for judging only. */
static int
shared_read(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct team *t = c->team;
	bool other = false;
	int r;

	r = shared_heads_read(c->env_path, t->project, &t->pins, &other, err);
	if (r != 0)
		return pins_refused(c, r, &t->pins, SHARED_HEADS, err);
	if (other && !t->warned_of_heads)
		notice_give(&c->notice,
		    SHARED_HEADS " is of another project, and was passed over");
	t->warned_of_heads |= other;
	return 0;
}

/* The log as far as it was verified before; nothing, if the file is not there
 * or is none. */
static int
known_read(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct team *t = c->team;
	int r;

	members_reset(&t->log);
	blob_reset(&t->lines);
	pins_reset(&t->pins);
	if ((r = heads_read(&t->files, &t->pins, err)) != 0)
		return pins_refused(c, r, &t->pins, t->files.heads, err);
	if (!t->is_alone && (r = shared_read(c, err)) != 0)
		return r;
	if ((r = logfile_read(&t->files, &t->log, &t->lines)) != 0)
		return err_general(err, r);
	t->is_kept = t->log.n_steps > 0 && t->pins.has_log;
	return 0;
}

/* VAULT_KEY_NEXT takes over where the log says so. */
static int
key_follow(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct team *t = c->team;
	int r = 0;

	if (t->keys->has_next && !t->keys->uses_next &&
	    next_is_in_use(&t->log, &t->keys->key, &t->keys->next)) {
		t->keys->uses_next = true;
		r = request_key_fill(t);
	}
	return r == 0 ? 0 : err_general(err, r);
}

static int
team_open(struct vaultenv_client *c, struct vaultenv_error *err)
{
	int r;

	if ((r = client_check_process(c, err)) != 0)
		return r;
	return c->team == NULL ? team_new(c, err) : 0;
}

/* .vault-heads is not looked at: it is what a shell makes of these. */
int
team_own_pins(
    struct vaultenv_client *c, struct pins *pins, struct vaultenv_error *err)
{
	int r;

	if ((r = team_open(c, err)) != 0)
		return r;
	r = heads_read(&c->team->files, pins, err);
	return pins_refused(c, r, pins, c->team->files.heads, err);
}

/* Without a home folder, what was seen lives as long as the client. */
int
team_begin(struct vaultenv_client *c, struct vaultenv_error *err)
{
	bool is_new = c->team == NULL;
	int r;

	if ((r = team_open(c, err)) != 0)
		return r;
	if (!c->team->keys->has_device)
		return code_error(
		    c, CODE_DEVICE_MISSING, NULL, NULL, NULL, err);
	if ((is_new || c->team->files.heads != NULL) &&
	    (r = known_read(c, err)) != 0)
		return r;
	return key_follow(c, err);
}

int
team_begin_alone(struct vaultenv_client *c, struct vaultenv_error *err)
{
	int r;

	if ((r = team_open(c, err)) != 0)
		return r;
	c->team->is_alone = true;
	return team_begin(c, err);
}

/* Only the log says that a device was revoked; then nothing is left to it. */
static int
standing_refused(struct vaultenv_client *c, int code, const struct finding *why,
    const char *env, struct vaultenv_error *err)
{
	if (code == CODE_DEVICE_REVOKED)
		cached_forget(c);
	code_error(c, code, why, env, NULL, err);
	if (code == CODE_KEY_REPLACED && next_is_there(c))
		err_hint(err, "If it was by vault-env rotate-key on this "
			      "machine, run that again: it was cut off");
	return code_error(c, code, NULL, NULL, NULL, NULL);
}

int
team_standing(struct vaultenv_client *c, const char *env, struct standing *out,
    struct vaultenv_error *err)
{
	struct finding why = { .seq = 0 };
	struct opening in;
	int r;

	team_opening(c, env, &in);
	if ((r = open_standing(&in, &c->team->log, out, &why)) != 0)
		return standing_refused(c, r, &why, env, err);
	return 0;
}

int
team_admin(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct standing standing;
	int r;

	if ((r = team_standing(c, NULL, &standing, err)) != 0)
		return r;
	if (standing.grant->role == ROLE_ADMIN)
		return 0;
	r = err_set(err, VAULTENV_ERR_DEVICE, "Ask an admin",
	    "Only an admin's device may do this");
	if (err != NULL)
		strcpy(err->reason, "role_refused");
	return r;
}

static int
log_keep(struct vaultenv_client *c, struct vaultenv_error *err)
{
	struct team *t = c->team;
	const struct chain chain = { .log = &t->log, .lines = &t->lines };
	struct pin pin = { .version = (int64_t)t->log.n_steps - 1 };
	bool start_over;
	int r;

	memcpy(pin.hash, t->log.steps[pin.version].hash, HASH_LEN);
	if ((r = pins_raise_log(&t->pins, &pin)) != 0)
		return code_error(c, r, NULL, NULL, NULL, err);
	r = heads_raise(&t->files, &chain, &start_over, err);
	if (r > 0)
		return code_error(c, r, NULL, NULL, t->files.heads, err);
	if (r != 0)
		return r;
	/* Another process saw another log meanwhile: it is on disk now. */
	return start_over ? code_error(c, CODE_LOG_FORK, NULL, NULL, NULL, err)
			  : 0;
}

/* The anchor is asked for as soon as there is a log: a log of another project
 * must not be kept. */
static int
log_judge(struct vaultenv_client *c, const struct opening *in,
    const struct text *entries, size_t n, struct vaultenv_error *err)
{
	struct team *t = c->team;
	struct finding why = { .seq = 0 };
	int r;

	if ((r = open_log(in, &t->log, entries, n, &why)) == 0 &&
	    !members_have_entry(&t->log, t->keys->key.anchor))
		r = CODE_LOG_ANCHOR;
	if (r == 0)
		return 0;
	r = code_error(c, r, &why, NULL, pin_file(t, NULL), err);
	members_reset(&t->log);
	blob_reset(&t->lines);
	return r;
}

int
team_take_log(struct vaultenv_client *c, size_t from,
    const struct text *entries, size_t n, struct vaultenv_error *err)
{
	struct team *t = c->team;
	const size_t known = t->log.n_steps;
	struct opening in;
	size_t overlap;
	int r;

	team_opening(c, NULL, &in);
	in.log_from = from;
	if ((r = log_judge(c, &in, entries, n, err)) != 0)
		return r;
	overlap = known > from ? known - from : 0;
	if (overlap < n &&
	    (r = logfile_add(&t->lines, entries + overlap, n - overlap)) != 0)
		return err_general(err, r);
	/* Nothing new, as most of the time. */
	if ((overlap < n || !t->is_kept) && (r = log_keep(c, err)) != 0)
		return r;
	t->is_kept = true;
	return key_follow(c, err);
}

/* As most of the time: this machine has seen that version before. */
static bool
is_pinned(const struct team *t, const struct record *newest)
{
	const struct pin *pin = pins_own(&t->pins, newest->env);

	return pin != NULL && pin->version == newest->version &&
	       memcmp(pin->hash, newest->raw.hash, HASH_LEN) == 0;
}

int
team_take_records(struct vaultenv_client *c, const char *env,
    const struct records *records, bool *start_over, struct vaultenv_error *err)
{
	struct team *t = c->team;
	const struct chain chain = {
		.log = &t->log, .env = env, .records = records
	};
	const struct record *newest = &records->at[records->n - 1];
	struct pin pin = { .version = newest->version };
	int r;

	*start_over = false;
	if (is_pinned(t, newest))
		return 0;
	r = heads_raise(&t->files, &chain, start_over, err);
	if (r == 0 && !*start_over) {
		memcpy(pin.hash, newest->raw.hash, HASH_LEN);
		r = pins_raise(&t->pins, env, &pin);
	}
	return r > 0 ? code_error(c, r, NULL, env, t->files.heads, err) : r;
}

void
team_hold(struct team *t, const struct record *record,
    const uint8_t data_key[KEY_LEN], const struct wrap *wraps, size_t n)
{
	struct held *h = &t->held;

	h->record = *record;
	h->record.raw.bytes = h->record.raw.signatures = NULL;
	memcpy(t->keys->data_key, data_key, KEY_LEN);
	for (size_t i = 0; i < n; i++)
		if (strcmp(wraps[i].device, t->keys->device.id) == 0 &&
		    memcmp(wraps[i].key_id, record->key_id, HASH_LEN) == 0)
			h->wrap = wraps[i];
	h->is_there = true;
}
