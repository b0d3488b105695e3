/* SPDX-License-Identifier: MIT */
/*
 * client/: the handle on a project, and each call to its server: what is sent,
 * what a reply and a refusal mean. What a protocol does in its own way is in
 * v1/ and v2/, of which this room knows a struct protocol each.
 *
 * To add a call (in brackets, what complains if a step was forgotten):
 * - the server's side first: fcgi/api/routes.c, lib/PROTOCOL or PROTOCOL-v2;
 * - declare vaultenv_<noun>_<verb>() in lib/vaultenv.h, under its noun, with
 *   the errors that the head there does not name [tests/style/link.t];
 * - write it by way of struct call below, in v1/ by v1_call_perform(), in v2/
 *   by v2_call_perform() (their headers); what both protocols have is a row of
 *   struct protocol, and the public function a line of protocol.c;
 * - list a new file in lib/Makefile.inc [the linker];
 * - test what it sends and what it makes of replies [nobody]: of v1 in
 *   tests/lib/v1/calls-t.c, and bytes that make no sense in
 *   tests/fuzz/reply-fuzz.c; of v2 at a true server in tests/cli/v2-*.t, and at
 *   one that lies in tests/evil/ (evil.py).
 */
#ifndef VAULTENV_CLIENT_H
#define VAULTENV_CLIENT_H

#include <sys/types.h>

#include "base/json.h"
#include "disk/disk.h"
#include "net/net.h"
#include "vault/vault.h"

#define ANSWER_MEMBERS_MAX 64
#define REQUEST_MAX        (2 * REPLY_MAX) /* a blob and its key_names */
#define NAME_MAX_LEN       128 /* of projects, devices, environments */

/* One secmem page: nothing in it is ever copied elsewhere. */
struct client_keys {
	char vault_key[VAULTENV_KEY_MAX + 1]; /* "": none */
	char next_key[VAULTENV_KEY_MAX + 1];  /* VAULT_KEY_NEXT; "": none */
	/* "": none; given: from the options or the environment */
	char given_secret[VAULTENV_DEVICE_SECRET_LEN + 1];
	char device_secret[VAULTENV_DEVICE_SECRET_LEN + 1];
	uint8_t auth[KEY_LEN];
	uint8_t encryption[KEY_LEN];
};

struct protocol;
struct team;

struct vaultenv_client {
	struct transport *transport;
	pid_t pid; /* who opened it: a forked child finds the keys wiped */
	char *url; /* no slash at the end */
	char *environment;
	char *env_path; /* of the .env file that caches lie beside */
	/* These change together, with the vault key. */
	const struct protocol *protocol; /* never NULL */
	struct team *team;               /* v2: what is known; NULL: nothing */
	struct client_keys *keys;
	char project_id[VAULTENV_PROJECT_ID_LEN + 1]; /* "": none */
	char device_hash[2 * HASH_LEN + 1];           /* "": none */
	/* NULL: no project, or no home folder */
	char *device_path;
	char *state_path;

	bool date_is_trusted; /* nobody on the way can change a Date header */
	int64_t clock_offset_ms; /* the server's clock minus ours, for reads */
	bool server_is_known;    /* nothing is left to be remembered of it */
	char clock[VAULTENV_ERROR_TEXT]; /* the last notice about it, or "" */
	struct notice notice;
};

/* ---- client.c ---- */

/* INVALID in a forked child, whose copy of the keys is all zeros. */
int client_check_process(
    const struct vaultenv_client *client, struct vaultenv_error *err);

/* Puts the vault key that text is, white space around it aside, into the page.
 * INVALID, saying why it is none. */
int client_keys_take(
    struct client_keys *keys, const char *text, struct vaultenv_error *err);

/* The client is of the project of keys->vault_key from now on. */
int client_keys_bind(struct vaultenv_client *client, struct client_keys *keys,
    struct vaultenv_error *err);

/* The device secret that keys now has is this machine's. */
int client_keys_derive(const struct vaultenv_client *client,
    struct client_keys *keys, char hash[2 * HASH_LEN + 1]);
/* The keys have changed. */
void client_forget(struct vaultenv_client *client);

/* ---- devices.c ---- */

/* The host's, for a device that nobody gives a name. */
void device_host_name(char out[NAME_MAX_LEN + 1]);
/* Frees what it has. */
void device_reset(struct vaultenv_device *device);

/* ---- protocol.c: v1 or v2, by the form of VAULT_KEY and nothing else ---- */

/* How old a cache may be, and which one it may be. */
struct cache_use {
	int64_t max_age_s;  /* -1: no limit */
	const char *limit;  /* whose limit that is */
	bool must_be_known; /* v1: not one that another client wrote */
};

/* For a program: the newest version, held against what was seen before. */
struct fetch {
	int64_t seen; /* v1: by this program; 0: nothing. v2 has its pins */
	bool no_cache;
};

/* What is to become the newest version. */
struct next_version {
	const struct vaultenv_list *list;
	int64_t base_version; /* that it is made from; -1: not compared */
	const struct vaultenv_change *changes; /* names, for the history */
	size_t n_changes;
	/* v2: over one that is older than this device accepts; over one that
	 * cannot be used, unread. */
	bool take_stale;
	bool replace;
};

/* What the two protocols do each in its own way. Each function is the public
 * one of that name, of vaultenv.h, unless it says otherwise. */
struct protocol {
	int number;
	/* What keys->auth and keys->encryption are of v1. */
	int (*derive)(struct client_keys *keys);
	void (*forget)(struct vaultenv_client *client); /* client->team */
	/* number 0: the newest. v->number is also set when it cannot be
	 * opened. take_stale: see struct next_version. */
	int (*pull)(struct vaultenv_client *client, int64_t number,
	    bool take_stale, struct version *v, struct vaultenv_error *err);
	/* True if why, of a pull, says that the version is there and cannot be
	 * used here. */
	bool (*is_unusable)(const struct vaultenv_error *why);
	int (*push)(struct vaultenv_client *client,
	    const struct next_version *next, int64_t *out_version,
	    struct vaultenv_error *err);
	int (*current_version)(struct vaultenv_client *client,
	    int64_t *out_version, char **updated_at,
	    struct vaultenv_error *err);
	int (*versions)(struct vaultenv_client *client,
	    struct vaultenv_versions **out, struct vaultenv_error *err);
	int (*rollback)(struct vaultenv_client *client, int64_t version,
	    int64_t *out_version, struct vaultenv_error *err);
	int (*check)(
	    struct vaultenv_client *client, struct vaultenv_error *err);
	int (*device_register)(struct vaultenv_client *client, const char *name,
	    struct vaultenv_device **device, struct vaultenv_error *err);
	int (*device_list)(struct vaultenv_client *client,
	    struct vaultenv_devices **out, struct vaultenv_error *err);
	int (*device_approve)(struct vaultenv_client *client, const char *id,
	    struct vaultenv_error *err);
	int (*device_revoke)(struct vaultenv_client *client, const char *id,
	    struct vaultenv_error *err);
	/* Pulls the newest version, and puts it into the cache. */
	int (*fetch)(struct vaultenv_client *client, const struct fetch *how,
	    struct version *v, struct vaultenv_error *err);
	/* The newest version from <mirror>/<project id>/<environment>.json,
	 * opened. */
	int (*mirror)(struct vaultenv_client *client, const char *mirror,
	    struct version *v, struct vaultenv_error *err);
	/* The cache's version, opened. The sentence has no full stop and no
	 * advice: load.c builds it into another. */
	int (*cached)(struct vaultenv_client *client,
	    const struct cache_use *use, struct version *v, int64_t *age_s,
	    struct vaultenv_error *err);
};

extern const struct protocol protocol_v1, protocol_v2;
const struct protocol *protocol_of(const char *vault_key);

/* ---- age.c ---- */

#define AGE_TEXT 40

/* "90", "12h", "3d". INVALID with a sentence about `what`. */
int age_parse(const char *text, size_t len, const char *what, int64_t *seconds,
    struct vaultenv_error *err);
/* "2026-01-31T12:00:00.000Z", for free(). NULL: no memory, or no such time. */
char *time_iso(int64_t at_ms);
/* "36 hours", "1 day". exact: a unit that leaves no rest. */
void age_text(char out[AGE_TEXT], int64_t seconds, bool exact);

/* ---- server.c: a server belongs to a key ---- */

/* Where the client's URL comes from. */
struct url_origin {
	const char *path; /* of the file; NULL: no file */
	bool is_given;    /* by the user: an option, or the environment */
	bool is_foreign;  /* of a file that is not that of the key */
};

/* UNTRUSTED: another server is the project's, or none is and the URL stands in
 * a file without the key. */
int server_check(const struct vaultenv_client *client,
    const struct url_origin *origin, struct vaultenv_error *err);
/* After a signed call that the server has answered. */
void server_remember(struct vaultenv_client *client);

/* ---- discover.c: options, then environment, then files ---- */

/*
 * Sets c->url, c->environment, c->date_is_trusted and, unless opts->no_key, all
 * that hangs on the keys. NO_KEY, INVALID, IO, UNTRUSTED.
 */
int discover(struct vaultenv_client *c, const struct vaultenv_options *opts,
    struct vaultenv_error *err);
/* keys->device_secret: the one given, else the file's, else "". */
int discover_device_secret(
    const char *path, struct client_keys *keys, struct vaultenv_error *err);

/* ---- home.c: ~/.vault ---- */

/* ~/.vault/<project id><end>. *path may be set to NULL: no home folder. */
int home_path(const char *project_id, const char *end, char **path,
    struct vaultenv_error *err);
/* One that there has to be a home folder for. */
struct home_file {
	const char *end;
	const char *what; /* "keep the next VAULT_KEY in" */
};

/* Its path. IO: "There is no home folder to <what>". */
int home_file_path(const char *project_id, const struct home_file *file,
    char **path, struct vaultenv_error *err);
/* Removes it; one that is not there is fine. */
int home_file_remove(const char *project_id, const struct home_file *file,
    struct vaultenv_error *err);

/* ---- reply.c: what is wanted of a reply ---- */

/*
 * A member that a reply must have. A take gives what it found to *out: 0,
 * PROTOCOL if it has not the form (v is NULL if it is not there), or NOMEM. An
 * array of objects has items instead, the rows of each, and item_size: it fills
 * a struct items.
 */
struct wanted {
	const char *name;
	int (*take)(
	    struct json_object *o, const struct json_value *v, void *out);
	size_t at; /* offset of out in the struct that is filled */
	const struct wanted *items;
	size_t item_size;
};

#define WANT(name, take, at)                                                   \
	{                                                                      \
		name, take, at, NULL, 0                                        \
	}
#define WANT_ITEMS(name, items, type)                                          \
	{                                                                      \
		name, NULL, 0, items, sizeof(type)                             \
	}
#define WANT_END                                                               \
	{                                                                      \
		NULL, NULL, 0, NULL, 0                                         \
	}

struct items {
	size_t n;
	void *at; /* array for free(), also after a failure; NULL: none */
};

/* Fills into, a struct that the rows know, by rows up to one without a name.
 * PROTOCOL: *bad is the name of the member. What was given stays. */
int members_take(struct json_object *o, const struct wanted *rows, void *into,
    const char **bad);

/* out is char **, for free(): fit for a terminal, cut at 512 bytes. */
int take_text(struct json_object *o, const struct json_value *v, void *out);
int
take_text_or_null(struct json_object *o, const struct json_value *v, void *out);
int take_uuid(struct json_object *o, const struct json_value *v, void *out);
/* out is int64_t *: from 1, or from 0. */
int take_version(struct json_object *o, const struct json_value *v, void *out);
int
take_version_or_0(struct json_object *o, const struct json_value *v, void *out);
/* out is struct json_value *: a string, borrowed from the reply. */
int take_string(struct json_object *o, const struct json_value *v, void *out);
/* Nothing but true; out is not looked at. */
int take_true(struct json_object *o, const struct json_value *v, void *out);

/* ---- call.c: one call ---- */

/*
 * One call, from its path to its reply: begun, its body's members put into
 * body, performed, ended. Whatever fails on the way, it is ended.
 */
struct call {
	struct vaultenv_client *client;
	const char *path; /* "secrets/pull" */
	const char *env;  /* that it is about; the client's, if no other */
	struct json_writer body;
	/* What an INVALID body means to the user, or NULL: a general
	 * sentence. */
	const char *body_is_bad;
	const char *header; /* one more, or NULL */
	bool is_signed;
	bool is_write; /* it changes something: signed by our own clock alone */
	bool no_registration; /* v2: no request key is brought on its way */
	bool is_of_key;       /* v2: made with the VAULT_KEY in use */
	bool is_authentic;    /* v2: the reply, by its MAC */
	struct http_reply http;
	struct json_object reply; /* borrows from http.body */
};

/* Unsigned, and nothing in its body. */
void
call_begin(struct call *call, struct vaultenv_client *client, const char *path);
/* PROTOCOL, with a sentence that names what is wrong in the reply. */
int call_wrong(
    const struct call *call, const char *name, struct vaultenv_error *err);
void call_end(struct call *call);

/* What a protocol performs a call by. Nothing is sent unless the first is 0;
 * the second sends the body as it is, auth being a header or NULL; after the
 * third reply is an object, or empty: INVALID, NOMEM. */
int call_check(const struct call *call, struct vaultenv_error *err);
int call_send(struct call *call, const char *api, const char *auth,
    struct vaultenv_error *err);
int call_parse(struct call *call);
int64_t clock_now_ms(void); /* Unix ms */
/* CLOCK: what it says cannot be a time. */
int clock_wrong(struct vaultenv_error *err);
/* Keeps it for vaultenv_client_clock(), and gives it. */
void clock_notice(struct vaultenv_client *client, const char *text);

/* ---- token.c ---- */

#define TOKEN_MAX  512
#define TOKEN_NAME "X-Vault-Create-Token: "
#define TOKEN_LINE (sizeof(TOKEN_NAME) + TOKEN_MAX)

/* header is of no use if token is NULL. To be wiped. INVALID. */
int token_header(
    char header[TOKEN_LINE], const char *token, struct vaultenv_error *err);

/* ---- plain.c ---- */

#define PLAIN_MAX (5u << 20)
#define PLAIN_SIZE_HINT                                                        \
	"Keep what is long in a file, and its path in the secret"

/* Puts {"NAME":"value",...}. INVALID, naming what cannot be pushed. */
int plain_write(struct json_writer *plain, const struct vaultenv_list *list,
    struct vaultenv_error *err);

/* ---- size.c ---- */

struct size {
	size_t len;
	const char *form; /* of which len are the bytes: "", " as sent" */
	const char *what; /* it is too large for */
	int64_t limit;    /* bytes; 0: not known */
	int code;
	const char *hint;
};

/* size->code, with a sentence that names the largest of the list. */
int size_error(const struct vaultenv_list *list, const struct size *size,
    struct vaultenv_error *err);
/* After a 413. The limit is known where the server tells it. */
int too_large_to_send(const struct call *call, const struct vaultenv_list *list,
    struct vaultenv_error *err);

/* ---- environments.c ---- */

#define ENVIRONMENTS_OFFERED 3

/* Those that a project begins with: until its first push one is empty. */
extern const char *const environments_offered[ENVIRONMENTS_OFFERED];
bool environment_is_offered(const char *name);
/* Frees what it has. */
void environments_reset(struct vaultenv_environments *environments);

/* ---- versions.c ---- */

/* INVALID, unless 1 to JSON_INT_MAX. */
int version_is_real(int64_t version, struct vaultenv_error *err);
void version_entry_reset(struct vaultenv_version *version);

/* ---- refusal.c: statuses to codes and sentences ---- */

/* The reply has no 2xx status. device_id: NULL, or of the PENDING device. */
int refusal_error(
    const struct call *call, const char *device_id, struct vaultenv_error *err);
bool refusal_is_pending(const struct call *call);

#endif /* VAULTENV_CLIENT_H */
