/* SPDX-License-Identifier: MIT */
/*
 * v2/: a client of protocol v2 (lib/PROTOCOL-v2): what it knows of its project,
 * how it asks, and how it believes. What is judged, is judged by trust/ and
 * vault/; here the parts are brought together, and kept.
 *
 * A call begins with team_begin(), which reads what this machine knows; what a
 * reply brings of the log is taken by team_take_log() before anything else of
 * it is looked at.
 */
#ifndef VAULTENV_V2_H
#define VAULTENV_V2_H

#include "client/client.h"
#include "disk/state-v2.h"
#include "trust/policy.h"
#include "trust/sentence.h"
#include "vault/open.h"

#define TRIES_MAX 10 /* against others who are faster */

/* One secmem page. */
struct team_keys {
	struct vault_key key;
	struct vault_key next; /* VAULT_KEY_NEXT, if has_next */
	struct device device;  /* if has_device */
	uint8_t request_key[REQUEST_KEY_LEN];
	uint8_t data_key[KEY_LEN]; /* of held */
	bool has_next;
	bool has_device;
	bool uses_next; /* next is the one in use */
};

/* The newest version that was opened, with what a push goes on from. */
struct held {
	bool is_there;
	struct record record; /* its raw.hash is good, raw's bytes are not */
	struct wrap wrap;     /* of the data key, for this device */
	struct blob lines;    /* its record and up to 99 before, a line each */
	struct blob secrets;  /* base64 */
};

/* What a client knows of its project. */
struct team {
	struct team_keys *keys;
	char project[ID_LEN + 1];
	char url[URL_LEN_MAX + 1]; /* as it is part of the request key */
	struct project_files files;
	struct members log; /* verified */
	struct blob lines;  /* the same, an entry in base64 a line */
	struct pins pins;   /* this machine's, and those of .vault-heads */
	struct held held;
	int64_t
	    clock_offset_ms; /* of the server, for request and registration */
	bool is_kept;        /* log is what is on disk */
	bool warned_of_end;
	bool warned_of_heads; /* .vault-heads is of another project */
	bool is_alone;        /* .vault-heads is not asked */
	bool is_mirror;       /* the mirror is asked, in the server's place */
};

/* ---- team.c: who we are, and what is known ---- */

/* What this machine knows, read anew. A client without a device secret is
 * DEVICE, "device_missing". */
int team_begin(struct vaultenv_client *client, struct vaultenv_error *err);
void team_free(struct team **team);
/* What this machine has seen by itself, without asking anybody: HEADS_FORM and
 * so on. pins is empty before, and for pins_reset(). */
int team_own_pins(struct vaultenv_client *client, struct pins *pins,
    struct vaultenv_error *err);
/* The same by this machine's own pins alone. */
int
team_begin_alone(struct vaultenv_client *client, struct vaultenv_error *err);
/* VAULT_KEY, or VAULT_KEY_NEXT once it has taken over. */
const struct vault_key *team_key(const struct team *team);
/* Of this client, now. env NULL: none. */
void team_opening(
    const struct vaultenv_client *client, const char *env, struct opening *out);
/*
 * Entries that a reply brought, from number `from` on: verified, held against
 * pins and anchor, written to ~/.vault. What is known already may be among
 * them.
 */
int team_take_log(struct vaultenv_client *client, size_t from,
    const struct text *entries, size_t n, struct vaultenv_error *err);
/* Who this device is, by the log. DEVICE and so on; a revoked one's caches are
 * wiped. env NULL: not asked. */
int team_standing(struct vaultenv_client *client, const char *env,
    struct standing *out, struct vaultenv_error *err);
/* DEVICE: this device is no admin's. */
int team_admin(struct vaultenv_client *client, struct vaultenv_error *err);
/* Raises the pins to these records, all verified. *start_over: begin again. */
int team_take_records(struct vaultenv_client *client, const char *env,
    const struct records *records, bool *start_over,
    struct vaultenv_error *err);

/* The newest version is held from now on, whose lines and secrets are set. Its
 * wrap is among these, or still the one that is held. */
void team_hold(struct team *team, const struct record *record,
    const uint8_t data_key[KEY_LEN], const struct wrap *wraps, size_t n_wraps);

/* ---- next.c: the secret of the next VAULT_KEY ---- */

/* A rotation was begun on this machine and not finished. */
bool next_is_there(const struct vaultenv_client *client);

/* ---- sentence.c: codes to sentences ---- */

/* A code of lib/wire/code.h as an error, or an enum vaultenv_status with its
 * general sentence. file: where it was found, or "The cache"; NULL: it came
 * from the server. why may be NULL. */
int code_error(const struct vaultenv_client *client, int code,
    const struct finding *why, const char *env, const char *file,
    struct vaultenv_error *err);

/* The file that the log's pin (env NULL), or an environment's, is from, if that
 * is not this machine's own; NULL. */
const char *pin_file(const struct team *team, const char *env);

/* ---- call.c: one call ---- */

/* With project_id; log_have if it asks for the log. */
void v2_call_begin(
    struct call *call, struct vaultenv_client *client, const char *path);
/* The same with environment. */
void v2_call_begin_environment(struct call *call,
    struct vaultenv_client *client, const char *path, const char *env);
void v2_put_log_have(struct call *call);
/*
 * Sends it and fills into with what is wanted. Registers the request key if the
 * server does not know it; follows a rotation to VAULT_KEY_NEXT. A reply that
 * is not authenticated is no reply, and NO_SECRETS is held against
 * what was seen.
 */
int v2_call_perform(struct call *call, const struct wanted *want, void *into,
    struct vaultenv_error *err);
/* call_wrong(), but as of a server that is away: NETWORK. */
int v2_call_wrong(
    const struct call *call, const char *name, struct vaultenv_error *err);
/* The code that an authenticated refusal named, of lib/wire/code.h; 0: none. */
int v2_call_code(const struct call *call);
/* Nothing is wanted but what the caller takes from call->reply itself. */
extern const struct wanted v2_nothing[];

/* ---- register.c: the request key ---- */

/* Brings the request key to the server. *status, if not NULL, is for free():
 * "approved", "pending" or "revoked". */
int v2_register(struct vaultenv_client *client, const char *name, char **status,
    struct vaultenv_error *err);
/* Appends base64 of a registration of device under key, with its request key.
 */
int v2_registration(const struct vaultenv_client *client, struct blob *out,
    const char *name, const struct device *device, const struct vault_key *key,
    uint8_t request_key[REQUEST_KEY_LEN]);

/* ---- log.c: the log, read up to the newest ---- */

/* log/read up to the newest. */
int team_sync(struct vaultenv_client *client, struct vaultenv_error *err);
/* The same where a reply has said how many entries there are: nothing is asked
 * for if they are known, and all is judged as if nothing had come. */
int team_follow(struct vaultenv_client *client, int64_t log_count,
    struct vaultenv_error *err);
/*
 * The log is read before the records: one that names a later entry was pushed
 * meanwhile, if there is such an entry. True: there is, the log has it now, and
 * reading the records once more is worth it; *tries counts.
 */
bool team_log_grew(struct vaultenv_client *client,
    const struct vaultenv_error *why, int *tries);

/* ---- pages.c: what comes in pages ---- */

/* Log and records of the pages of one question, oldest first. */
struct pages {
	size_t log_from;
	struct blob log;      /* lines */
	struct blob records;  /* lines */
	struct blob contents; /* of each of these a line, empty: it is gone */
	struct wrap *wraps;   /* of the last page */
	size_t n_wraps;
	struct blob secrets; /* of the last page; empty: none */
	int64_t version;     /* of the last page */
	bool unchanged;
	bool more;
};

void pages_init(struct pages *p, const struct vaultenv_client *client);
void pages_reset(struct pages *p);
/* What one reply brings. PROTOCOL: nothing new, though there is more. */
int pages_add(struct pages *p, struct call *call, struct vaultenv_error *err);
/* How many entries of the log are held, those of the pages counted in. */
int64_t pages_log_have(const struct pages *p);
/* The records, decoded; for records_reset() whatever it returns. A code. */
int pages_read(const struct pages *p, struct records *out);
/* team_take_log() of all of it at once: a page is no end. */
int team_take_pages(struct vaultenv_client *client, const struct pages *p,
    struct vaultenv_error *err);
/* The version of the last record that came. A code, or a status. */
int pages_last(const struct pages *p, int64_t *version);
/* secrets/records of env, all from `from` on; the first is that one. */
int pages_records(struct vaultenv_client *client, const char *env, int64_t from,
    struct pages *p, struct vaultenv_error *err);
/* The same with what they are of, as far as the server keeps it. */
int pages_contents(struct vaultenv_client *client, const char *env,
    int64_t from, struct pages *p, struct vaultenv_error *err);

/* ---- pull.c: a version, asked for and opened ---- */

struct pull {
	const char *env;
	int64_t number;  /* 0: the newest */
	bool no_cache;   /* neither read nor written */
	bool take_stale; /* a person passes over record_stale */
	bool is_load; /* of a program, which counts on the cache being kept */
};

/* *o is for opened_reset() whatever it returns. The newest becomes
 * team->held. */
int team_pull(struct vaultenv_client *client, const struct pull *how,
    struct opened *o, struct vaultenv_error *err);
/* Where versions were seen, or the log names one, nothing stored is something
 * left out: RECORD_MISSING. Otherwise NO_SECRETS, and err is left as it is. */
int team_nothing_there(const struct vaultenv_client *client, const char *env,
    struct vaultenv_error *err);
/* Of what was opened, which has the form of a list. NOMEM. */
int opened_list(const struct opened *o, struct vaultenv_list **out,
    struct vaultenv_error *err);

/* ---- resend.c: what a restored server lacks ---- */

/* Sends the newest version of env again, if this device made it and it
 * continues what the server has. True: it has it now, and a notice says so. */
bool team_resend(struct vaultenv_client *client, const char *env);

/* ---- cache.c: .vault-cache.d ---- */

/* A cache that was read: its bundle's parts are borrowed from text. */
struct cached {
	struct blob text;
	struct bundle bundle;
	int64_t at_ms;
};

/* A code, or a status: NOT_FOUND, without a sentence: there is none. */
int cached_read(const struct vaultenv_client *client, const char *env,
    struct cached *out, struct vaultenv_error *err);
void cached_reset(struct cached *cached);
/* What is held, as of at_ms, unless what is known to be there says so already;
 * a device that may keep none loses the one that is there. known: NULL:
 * nothing. tells: what cannot be written is a notice. */
void cached_write(struct vaultenv_client *client, const struct cached *known,
    int64_t at_ms, bool tells);
/* All of them, of every environment. */
void cached_forget(const struct vaultenv_client *client);

/* ---- push.c: the next version ---- */

struct push {
	const char *env;
	const struct vaultenv_list *list;
	const struct vaultenv_change *changes; /* names, for the history */
	size_t n_changes;
	enum record_op op;
	int64_t of;   /* OP_ROLLBACK */
	int64_t base; /* the version it is made from; -1: not compared */
	bool new_key; /* a new data key in any case */
	bool take_stale;
	/* Builds on a newest version that cannot be used, unread. */
	bool replace;
};

/* By the log that is known. DEVICE. */
int team_may_write(struct vaultenv_client *client, const char *env,
    struct vaultenv_error *err);
/* CONFLICT with err->current_version: somebody was faster. */
int team_push(struct vaultenv_client *client, const struct push *push,
    int64_t *out_version, struct vaultenv_error *err);

/* ---- confirm.c: the newest version, once more ---- */

struct confirm {
	const char *env;
	bool new_key; /* in any case; one that is due is made without */
	bool take_stale;
};

/* *out_pushed false: somebody has done so today, and nothing else is due. */
int team_confirm(struct vaultenv_client *client, const struct confirm *how,
    int64_t *out_version, bool *out_pushed, struct vaultenv_error *err);

/* ---- heads.c: the newest version of each environment, for cuts ---- */

struct head_v2 {
	struct env_head head;
	struct record record; /* as in struct held */
	int refused;          /* by readers: 0, RECORD_KEY or RECORD_AUTHOR */
};

struct heads_v2 {
	size_t n;
	struct head_v2 at[LIST_MAX]; /* sorted by name */
};

/* Of one environment. lines, if not NULL, get its records from the pin on. */
int team_head(struct vaultenv_client *client, const char *env,
    struct head_v2 *out, struct blob *lines, struct vaultenv_error *err);
/* The names of those in this device's scope, as the server has them. The log is
 * the newest then: it is read if it has grown. *names is for
 * vaultenv_list_free(), after an error too. */
int team_environments(struct vaultenv_client *client,
    struct vaultenv_list **names, struct vaultenv_error *err);
/* Of these, each verified down to its pin, the last cut or version 1. */
int
team_heads(struct vaultenv_client *client, const struct vaultenv_list *names,
    struct heads_v2 *out, struct vaultenv_error *err);

/* ---- wraps.c: data keys as the server keeps them ---- */

struct wraps {
	size_t n;
	struct wrap *at; /* for wraps_reset() */
};

/* keys/read: of this device or, for an admin, of all. */
int team_wraps(struct vaultenv_client *client, const char *env, bool all,
    struct wraps *out, struct vaultenv_error *err);
void wraps_reset(struct wraps *wraps);
/* Adds one of this data key for each device that can read env now, but for
 * those that have one there. there NULL: nobody has. NOMEM, CRYPTO. */
int wraps_for_readers(const struct vaultenv_client *client, const char *env,
    const uint8_t key_id[HASH_LEN], const uint8_t data_key[KEY_LEN],
    const struct wraps *there, struct wraps *out);
/* As a member of a request; key_ids: it does not name the one data key. */
void
wraps_put(struct json_writer *body, const struct wraps *wraps, bool key_ids);
/* keys/add, as often as it takes. *n_added: that the server did not have. */
int wraps_send(struct vaultenv_client *client, const char *env,
    const struct wraps *wraps, int64_t *n_added, struct vaultenv_error *err);
/* The data key of a key id that a record names, for this device. A code. */
int team_data_key(const struct vaultenv_client *client, const char *env,
    const struct wraps *wraps, const uint8_t key_id[HASH_LEN],
    uint8_t data_key[KEY_LEN]);
/* For a device, under the key in use. A code. */
int team_wrap(const struct vaultenv_client *client, const char *env,
    const uint8_t key_id[HASH_LEN], const uint8_t data_key[KEY_LEN],
    const char *device, const uint8_t box[PUBLIC_KEY_LEN], struct wrap *out);

/* ---- past.c: the versions that led to the newest ---- */

struct past {
	const char *env;
	struct records records; /* oldest first */
	struct text *contents;  /* of each, base64; empty: it is gone */
	struct wraps wraps;     /* this device's */
	struct pages pages;
};

/* The newest n_wanted versions that are no confirms, with the confirms among
 * them: one chain, up to the verified newest version. A single record is yet to
 * be judged by record_check_past(). *past is for past_reset() in any case. */
int team_past(struct vaultenv_client *client, const char *env, size_t n_wanted,
    struct past *past, struct vaultenv_error *err);
/* All of them, in the same way. */
int team_past_all(struct vaultenv_client *client, const char *env,
    struct past *past, struct vaultenv_error *err);
/* The version whose content version number of env has: its own, or, if it is a
 * confirm, that of the last one before it that is none. */
int team_confirmed(struct vaultenv_client *client, const char *env,
    int64_t number, int64_t *out, struct vaultenv_error *err);
void past_reset(struct past *past);
/* Opens number i; *o for opened_reset(). A code. */
int past_open(const struct vaultenv_client *client, const struct past *past,
    size_t i, struct opened *o);

/* ---- append.c: the next entry of the log ---- */

struct act {
	enum entry_kind kind;
	/* Fills in what the kind has, but for cuts, by the newest log: at each
	 * attempt anew. e->device first of all. */
	int (*fill)(struct vaultenv_client *client, void *arg, struct entry *e,
	    struct vaultenv_error *err);
	void *arg;
	/* Of a device that is admitted together with its request key: base64
	 * and hex, which fill() makes. NULL: none. */
	const struct blob *registration;
	const char *request_key;
	/* The keys of older versions come along with what it gives. */
	bool has_history;
};

/* Appends it, with the cuts and wraps that belong to it. DEVICE: this device is
 * no admin's. */
int team_append(struct vaultenv_client *client, const struct act *act,
    struct vaultenv_error *err);

/* ---- the rows of protocol_v2 ---- */

/* pull.c */
int v2_pull(struct vaultenv_client *client, int64_t number, bool take_stale,
    struct version *v, struct vaultenv_error *err);
int v2_fetch(struct vaultenv_client *client, const struct fetch *how,
    struct version *v, struct vaultenv_error *err);
/* push.c */
bool v2_is_unusable(const struct vaultenv_error *why);
int v2_push(struct vaultenv_client *client, const struct next_version *next,
    int64_t *out_version, struct vaultenv_error *err);
int v2_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err);
/* poll.c */
int v2_current_version(struct vaultenv_client *client, int64_t *out_version,
    char **updated_at, struct vaultenv_error *err);
/* versions.c */
int v2_versions(struct vaultenv_client *client, struct vaultenv_versions **out,
    struct vaultenv_error *err);
/* register.c */
int v2_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err);
/* devices.c */
int v2_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err);
/* scope.c */
int v2_device_approve(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err);
/* revoke.c */
int v2_device_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err);
/* mirror.c */
int v2_mirror(struct vaultenv_client *client, const char *mirror,
    struct version *v, struct vaultenv_error *err);
/* offline.c */
int v2_cached(struct vaultenv_client *client, const struct cache_use *use,
    struct version *v, int64_t *age_s, struct vaultenv_error *err);

#endif
