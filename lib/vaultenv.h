/* SPDX-License-Identifier: MIT */
/*
 * vaultenv.h: secrets from a vault-env server, for C programs.
 *
 * The shortest useful program:
 *
 *	#include <stdio.h>
 *	#include <vaultenv.h>
 *	int main(void) {
 *		struct vaultenv_client *client = NULL;
 *		struct vaultenv_list *secrets = NULL;
 *		const struct vaultenv_pair *url;
 *		struct vaultenv_error err;
 *		if (vaultenv_client_open(NULL, &client, &err) != 0 ||
 *		    vaultenv_secrets_pull(client, 0, &secrets, NULL, &err) != 0)
 *			return fprintf(stderr, "%s. %s\n", err.text, err.hint), 1;
 *		if ((url = vaultenv_list_find(secrets, "DB_URL")) != NULL)
 *			puts(url->value);
 *	}
 *
 * Rules that hold for every call:
 *
 * - It returns 0, or one of the negative codes of enum vaultenv_status.
 * - `err` may be NULL. Otherwise it belongs to the caller, needs no
 *   initialisation, and on failure holds the same code, what failed and why, and
 *   what to do about it. On success it is left alone.
 * - The library never prints, never exits, installs no signal handler, keeps no
 *   state outside its handles, and changes no environment variable but in
 *   vaultenv_list_setenv() and vaultenv_load_setenv().
 * - Any call can fail with NOMEM. A call that asks the server can fail with
 *   NETWORK, SERVER, PROTOCOL, CLOCK, CRYPTO or FORBIDDEN; a signed one (all
 *   but project_create and project_set_key) also with NO_KEY, UNAUTHORIZED
 *   and NOT_FOUND (there is no such project). The comments below name the codes
 *   that a call adds to these.
 * - Output parameters come last (before err), and are set only on success.
 *   `struct x **out` receives an object that the caller frees by x_free(),
 *   which takes a pointer to the caller's pointer, clears it, and accepts NULL.
 * - A `const` pointer that is returned is borrowed: it lives as long as the
 *   object it came from is neither changed nor freed.
 * - Text is UTF-8 and NUL-terminated. Values have a length beside them, since
 *   .env text can hold a NUL byte; they are NUL-terminated all the same.
 * - A handle is for one thread at a time. Different handles may be used by
 *   different threads at once. After fork() the child opens its own handle:
 *   calls with its parent's are INVALID there.
 * - Secrets are wiped from memory when the object that holds them is freed.
 */
#ifndef VAULTENV_H
#define VAULTENV_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define VAULTENV_PROJECT_ID_LEN		36	/* UUID text, no NUL */
#define VAULTENV_DEVICE_SECRET_LEN	64	/* lower-case hex, no NUL */
#define VAULTENV_KEY_MAX		256	/* bytes of a vault key's text */
#define VAULTENV_AUTH_MAX		128	/* of X-Vault-Reply, with its NUL */
#define VAULTENV_DEFAULT_URL		"https://api.vaultdotenv.io"
#define VAULTENV_DEFAULT_ENVIRONMENT	"development"

/* Lives for ever. "1.2.3", the library's version at run time. */
const char *vaultenv_version(void);

/* ------------------------------------------------------------- errors */

enum vaultenv_status {
	VAULTENV_OK = 0,
	VAULTENV_ERR_NOMEM = -1,	/* out of memory */
	VAULTENV_ERR_INVALID = -2,	/* an argument, name, key or URL is malformed */
	VAULTENV_ERR_NO_KEY = -3,	/* no VAULT_KEY in the environment or file */
	VAULTENV_ERR_IO = -4,		/* a file cannot be read or written safely */
	VAULTENV_ERR_NETWORK = -5,	/* no answer: resolve, connect, TLS, time-out */
	VAULTENV_ERR_SERVER = -6,	/* the server answered 5xx or 429 */
	VAULTENV_ERR_PROTOCOL = -7,	/* an answer that makes no sense or is too large */
	VAULTENV_ERR_UNAUTHORIZED = -8,	/* 401: wrong key for this project */
	VAULTENV_ERR_PENDING = -9,	/* 403: this device waits for approval */
	VAULTENV_ERR_DEVICE = -10,	/* 403: not registered, or revoked */
	VAULTENV_ERR_FORBIDDEN = -11,	/* any other refusal (4xx) */
	VAULTENV_ERR_NOT_FOUND = -12,	/* 404, or a file that is not there */
	VAULTENV_ERR_NO_SECRETS = -13,	/* 404: environment unknown or still empty */
	VAULTENV_ERR_CONFLICT = -14,	/* 409: somebody else was first */
	VAULTENV_ERR_DECRYPT = -15,	/* wrong key, other device, or tampered with */
	VAULTENV_ERR_EXISTS = -16,	/* would overwrite what must be kept */
	VAULTENV_ERR_UNWRITABLE = -17,	/* .env text cannot hold this name or value */
	VAULTENV_ERR_CLOCK = -18,	/* this machine's clock is too far off */
	VAULTENV_ERR_CRYPTO = -19,	/* libgcrypt failed or is in FIPS mode */
	VAULTENV_ERR_VERIFY = -20,	/* v2: what the server gave is not what a
					 * device of this project signed */
	VAULTENV_ERR_UNTRUSTED = -21	/* a server, file or version is not what it
					 * was, or not the user's: see its hint */
};

#define VAULTENV_ERROR_TEXT 512
#define VAULTENV_ERROR_HINT 256
#define VAULTENV_ERROR_REASON 32
#define VAULTENV_ERROR_LINE (VAULTENV_ERROR_TEXT + VAULTENV_ERROR_HINT + 2)

/*
 * What failed and why, and what to do about it: two parts, since a program that
 * is not vault-env may want to give advice of its own. Each begins with a
 * capital letter or with a name, and has no full stop at its end, no newline
 * and no control character.
 */
struct vaultenv_error {
	int code;			/* enum vaultenv_status */
	int64_t current_version;	/* CONFLICT: the server's, if somebody else
					 * pushed at the same moment; else 0 */
	char text[VAULTENV_ERROR_TEXT];
	char hint[VAULTENV_ERROR_HINT];	/* "": there is no advice to give */
	char reason[VAULTENV_ERROR_REASON];	/* v2: its code, as PROTOCOL-v2 has
						 * it ("record_fork"); else "" */
};

/* "Text. Hint", or the text alone, as a person reads it. */
void vaultenv_error_line(
    const struct vaultenv_error *err, char out[VAULTENV_ERROR_LINE]);
/* For errors of the program's own. hint may be NULL. Returns code. */
int vaultenv_error_set(struct vaultenv_error *err, int code, const char *hint,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Lives for ever. A general sentence for a code, "Unknown error" otherwise. */
const char *vaultenv_strerror(int code);

/* ----------------------------------------- names and values, in order */

/*
 * An ordered map. Setting a name that is there keeps its place and replaces
 * the value. Names are non-empty and hold no NUL or '='. At most 1,000,000
 * names and 16 MiB of values. Finding a name takes constant time.
 */
struct vaultenv_list;

struct vaultenv_pair {
	const char *name;
	const char *value;	/* value_len bytes, then a NUL */
	size_t value_len;
};

int vaultenv_list_new(struct vaultenv_list **out);
void vaultenv_list_free(struct vaultenv_list **list);
size_t vaultenv_list_len(const struct vaultenv_list *list);

/* Borrowed until the list is changed or freed. NULL if i is past the end. */
const struct vaultenv_pair *
vaultenv_list_at(const struct vaultenv_list *list, size_t i);

/* Borrowed likewise. NULL if there is no such name. */
const struct vaultenv_pair *
vaultenv_list_find(const struct vaultenv_list *list, const char *name);

/* Copies both. Errors: NOMEM, INVALID (name or limits). */
int vaultenv_list_set(struct vaultenv_list *list, const char *name,
    const char *value, size_t value_len);

/* NOT_FOUND if there is no such name. The others keep their order. */
int vaultenv_list_delete(struct vaultenv_list *list, const char *name);

/* The same pairs in the same order, *out for vaultenv_list_free(). NOMEM. */
int vaultenv_list_copy(
    const struct vaultenv_list *list, struct vaultenv_list **out);

/* How two lists differ. Names are borrowed from the list they stand in. */
struct vaultenv_change {
	char mark;		/* '+' only in after, '~' other value, '-' only in before */
	const char *name;
};

/*
 * Added and changed names in the order of `after`, then removed ones in the
 * order of `before`. *out is an array for free(), NULL when *n_out is 0.
 * before may be NULL (nothing was there).
 */
int vaultenv_list_diff(const struct vaultenv_list *before,
    const struct vaultenv_list *after, struct vaultenv_change **out,
    size_t *n_out);

/* True for VAULT_KEY, VAULT_KEY_NEXT, VAULT_KEY_V1, VAULT_URL and
 * VAULT_DEVICE_SECRET: never pushed. */
int vaultenv_name_is_reserved(const char *name);

/* --------------------------------------------------------- .env text */

/*
 * Reads exactly as npm dotenv 18 does. Any bytes are accepted: a line that is
 * not an assignment is passed over, so the only errors are NOMEM and INVALID
 * (limits of the list).
 */
int vaultenv_dotenv_parse(const char *text, size_t len,
    struct vaultenv_list **out, struct vaultenv_error *err);

/*
 * Writes a line a pair, quoted so that vaultenv_dotenv_parse() gives the same
 * list back. UNWRITABLE, naming the variable, where no quoting can do that.
 * *text is for vaultenv_text_free(), len does not count its final NUL.
 */
int vaultenv_dotenv_write(const struct vaultenv_list *list, char **text,
    size_t *len, struct vaultenv_error *err);

/* One JSON object, {"NAME":"value",...}. INVALID: a name or value is not UTF-8,
 * or a value holds a NUL. */
int vaultenv_json_write(const struct vaultenv_list *list, char **text,
    size_t *len, struct vaultenv_error *err);

/*
 * The UTF-8 character at text. Returns how many bytes it has: 1 for a byte that
 * begins no character, 0 at the end, where nothing else is set. *code is its
 * code point. *is_hidden is not 0 if it should not be printed as it is: a control,
 * a mark of direction, or one that nothing is drawn for, so that two names look
 * alike.
 */
size_t vaultenv_character(const char *text, uint32_t *code, int *is_hidden);

/* Wipes len bytes, then frees. Clears *text. */
void vaultenv_text_free(char **text, size_t len);

/* -------------------------------------------------------------- files */

/*
 * Reads a regular file of 16 MiB at most, or the one that a symlink leads to; a
 * FIFO or device is refused. *text is for vaultenv_text_free(). NOT_FOUND (also
 * a symlink that leads nowhere), IO, NOMEM.
 */
int vaultenv_file_read(const char *path, char **text, size_t *len,
    struct vaultenv_error *err);

/*
 * Replaces path: a new file in the same folder, mode 0600, fsynced, renamed
 * over the old one, folder fsynced. Refuses a symlink and whatever is not a
 * regular file. After a failure the old content stands. The new file has a name
 * (.vault-env-<16 hex>) only when it is whole, where the file system can do
 * that; one that a killed process left is removed by the next write into that
 * folder. IO, NOMEM.
 */
int vaultenv_file_write(const char *path, const char *text, size_t len,
    struct vaultenv_error *err);

/*
 * A .env file, read once: bytes, variables, and whose it is. A program that needs
 * one of these itself reads the file by this, and hands it to the calls below in
 * struct vaultenv_options, so that they do not read it again.
 */
struct vaultenv_envfile;

/*
 * path NULL: ".env". No such file is no error: then there is no text and no
 * variable. Beside a regular file, 16 MiB at most, it may be a FIFO, which is
 * read to its end (its writer has a minute to come), or /dev/null. INVALID: it
 * is in UTF-16 or UTF-32; the hint is the command that converts it. IO, NOMEM.
 */
int vaultenv_envfile_read(const char *path, struct vaultenv_envfile **out,
    struct vaultenv_error *err);
/*
 * The same of bytes that the program has read from path itself, by the
 * descriptor fd, which is only asked whose file it is; -1: from elsewhere.
 * text NULL: as if there were no such file.
 */
int vaultenv_envfile_from(const char *path, int fd, const char *text,
    size_t len, struct vaultenv_envfile **out, struct vaultenv_error *err);
void vaultenv_envfile_free(struct vaultenv_envfile **file);

/*
 * Lays another file under this one, and under those that were laid before: of a
 * name that several have, the first one's value counts (the last one's, where
 * load has override), and the first VAULT_KEY. file owns the other one from then
 * on, and *under is NULL.
 */
void vaultenv_envfile_lay(
    struct vaultenv_envfile *file, struct vaultenv_envfile **under);

/*
 * The nearest .env above the current folder that has a VAULT_KEY; NULL: there is
 * none. The search ends with the top of a git repository or the home folder, and
 * before another file system, and a folder that is neither the user's nor root's
 * or that everybody can write to.
 */
int vaultenv_envfile_find(
    struct vaultenv_envfile **out, struct vaultenv_error *err);

/*
 * UNTRUSTED: the reserved names (vaultenv_name_is_reserved) are not taken from this
 * file, which is neither the user's nor root's, or can be written by others.
 */
int vaultenv_envfile_check(
    const struct vaultenv_envfile *file, struct vaultenv_error *err);

/* All three are borrowed. text: NULL if there is no such file. */
const char *vaultenv_envfile_path(const struct vaultenv_envfile *file);
const char *vaultenv_envfile_text(
    const struct vaultenv_envfile *file, size_t *len);
const struct vaultenv_list *vaultenv_envfile_list(
    const struct vaultenv_envfile *file);

/* The notice that variables of the file hide other values of secrets, for free().
 * NULL: none does, or out of memory. */
char *vaultenv_envfile_hides_text(const struct vaultenv_envfile *file,
    const struct vaultenv_list *secrets);

/*
 * Sets `name` in a .env file, by vaultenv_file_write(): its line is replaced
 * where it stands (the last one that assigns it), or added at the end; every
 * other byte stays. A missing file is made. UNWRITABLE as dotenv_write.
 */
int vaultenv_envfile_set(const char *path, const char *name, const char *value,
    struct vaultenv_error *err);

/* --------------------------------------------------------------- keys */

/* *key = "vk_<project_id>_<64 hex>", for vaultenv_text_free(). CRYPTO. */
int vaultenv_key_generate(const char *project_id, char **key, size_t *len,
    struct vaultenv_error *err);

/* ------------------------------------------------------------ clients */

struct vaultenv_client;

/* Options of a client. All zero is right for most; NULL opts means that. */
struct vaultenv_options {
	/* The .env file; NULL: ".env". If it has no VAULT_KEY, and neither has
	 * the environment, key and URL are those of ".env". */
	const char *path;
	/* Files that were read already, borrowed for the call: file in place of
	 * path's, and key_file for the key and the URL alone. NULL: none. */
	const struct vaultenv_envfile *file;
	const struct vaultenv_envfile *key_file;
	const char *vault_key;	/* NULL: $VAULT_KEY, else VAULT_KEY in the file */
	/* White space around either is passed over, as around $NAMES. */
	const char *device_secret; /* NULL: $VAULT_DEVICE_SECRET, else
				    * ~/.vault/<project id>.key, else none */
	const char *environment; /* NULL: $NODE_ENV, $ENVIRONMENT, "development" */
	const char *url;	/* NULL: $VAULT_URL; else VAULT_URL in the file, else
				 * the built-in default, unless UNTRUSTED */
	int insecure_http;	/* not 0: allow http:// to other hosts than loopback */
	int no_key;		/* not 0: do not look for a vault key (to create a
				 * project); signed calls then give NO_KEY */
	int timeout_ms;		/* a whole request; 0: 30,000. A signed one whose
				 * connection breaks is sent once more. */
	/* A PEM bundle, or a folder as c_rehash(1) makes it, and no other; NULL:
	 * $VAULT_CA_FILE. Without either: the system's bundle and folder, or
	 * what $SSL_CERT_FILE and $SSL_CERT_DIR say in their place. */
	const char *ca_file;
	const char *ca_variable;   /* a name; asked after $VAULT_CA_FILE */
	const char *extra_ca_variable; /* asked before $SSL_CERT_FILE */
	/*
	 * Called, if set, with a sentence that the user should see although the
	 * call goes on (a clock that is off, say). Same thread, inside the call.
	 */
	void (*notice)(void *arg, const char *text);
	void *notice_arg;
	/*
	 * Replaces the network, for tests: performs one request and sets the
	 * HTTP status and the reply, which the library frees by free(). Returns
	 * 0 or an enum vaultenv_status. url is whole, headers a NULL-terminated
	 * array of "Name: value", body NULL for GET; auth gets the reply's
	 * X-Vault-Reply, and is "" before.
	 */
	int (*transport)(void *arg, const char *url, const char *const *headers,
	    const char *body, size_t body_len, int *http_status,
	    char **reply, size_t *reply_len, char auth[VAULTENV_AUTH_MAX]);
	void *transport_arg;
};

/*
 * Finds the keys and checks them; no network. NO_KEY, INVALID (key, URL, or
 * http to a host that is not loopback), IO (a key file that others can read).
 * UNTRUSTED: the URL of a file, or the default, is not the one that is known for
 * the project (vaultenv_client_trust()), or none is known and the key is not from
 * that file; or the file is not the user's (vaultenv_envfile_check()).
 */
int vaultenv_client_open(const struct vaultenv_options *opts,
    struct vaultenv_client **out, struct vaultenv_error *err);
void vaultenv_client_free(struct vaultenv_client **client);

/*
 * Borrowed until the client is freed or given another key. project_id and
 * device_path are NULL without a key, device_path also without a home folder.
 */
const char *vaultenv_client_project_id(const struct vaultenv_client *client);
/* 1 or 2, by the form of its VAULT_KEY; 0: no key. */
int vaultenv_client_protocol(const struct vaultenv_client *client);
/*
 * What each call that is only for protocol 2 says first, for a program that asks
 * something else before: INVALID ("run vault-env upgrade") for a project of
 * protocol 1, NO_KEY.
 */
int vaultenv_client_require_v2(
    const struct vaultenv_client *client, struct vaultenv_error *err);
const char *vaultenv_client_environment(const struct vaultenv_client *client);
const char *vaultenv_client_url(const struct vaultenv_client *client);
/* NULL when there is no device secret. 64 hex. */
const char *vaultenv_client_device_hash(const struct vaultenv_client *client);
/* Where this project's device secret is or would be: "/home/u/.vault/<id>.key". */
const char *vaultenv_client_device_path(const struct vaultenv_client *client);

/* What a notice said of this machine's clock: it is off, and the call went on by
 * the server's. NULL: none has. */
const char *vaultenv_client_clock(const struct vaultenv_client *client);

/* Not 0: a server of the client's project is known on this machine, since it has
 * answered or was trusted. 0: the key is new here. */
int vaultenv_client_is_known(const struct vaultenv_client *client);

/* Asks the server whether it takes the key; v2: and this machine's device, which
 * may be DEVICE, PENDING or UNAUTHORIZED. */
int vaultenv_client_check(
    struct vaultenv_client *client, struct vaultenv_error *err);

/* Another vault key for the same client; looks for its device secret anew. */
int vaultenv_client_set_key(struct vaultenv_client *client, const char *key,
    struct vaultenv_error *err);

/*
 * Says that the client's URL is the server of its project, whatever was known,
 * and forgets which versions it has given: for opts.url that the user confirmed.
 * IO: there is no home folder to remember it in.
 */
int vaultenv_client_trust(
    struct vaultenv_client *client, struct vaultenv_error *err);

/* ------------------------------------------------------ environments */

struct vaultenv_environment {
	char *name;
	int64_t version;
};

struct vaultenv_environments {
	size_t n;
	struct vaultenv_environment *at;	/* each name once */
};
void vaultenv_environments_free(struct vaultenv_environments **environments);

/* ------------------------------------------- another VAULT_KEY (v2) */

/* The client's VAULT_KEY with the newest entry of the log as its anchor: the same
 * key, which proves more. *key is for vaultenv_text_free(). */
int vaultenv_key_newest(struct vaultenv_client *client, char **key, size_t *len,
    struct vaultenv_error *err);

/*
 * A new VAULT_KEY in place of the client's, by an admin's device: begin; the
 * caller shows the key, which so far is in ~/.vault/<project id>.next alone;
 * append; the caller puts the key where the old one was; confirm; finish, which
 * removes that file. Each may be cut off: begun again, it goes on where it was.
 */
enum vaultenv_rotation_kind {
	VAULTENV_ROTATE,
	VAULTENV_ROTATE_PREPARE, /* begin alone: to hand out VAULT_KEY_NEXT */
	VAULTENV_ROTATE_LEAKED	 /* never to one that was handed out */
};

struct vaultenv_rotation {
	char *key;
	size_t len;
	int prepared;	/* it was handed out as VAULT_KEY_NEXT */
	int dropped;	/* one that was handed out was thrown away */
	int in_force;	/* the log has it: the old one opens nothing more */
};

/* UNAUTHORIZED: somebody else has replaced VAULT_KEY. EXISTS: PREPARE, and it is
 * in force already. DEVICE: this device is no admin's. IO. */
int vaultenv_rotation_begin(struct vaultenv_client *client,
    enum vaultenv_rotation_kind kind, struct vaultenv_rotation **out,
    struct vaultenv_error *err);
/* Then rotation->key has the rotation as its anchor. */
int vaultenv_rotation_append(struct vaultenv_client *client,
    struct vaultenv_rotation *rotation, struct vaultenv_error *err);
/* Gives each environment a new data key that has none since: *out are those. What
 * cannot be done is a notice. */
int vaultenv_rotation_confirm(struct vaultenv_client *client,
    struct vaultenv_environments **out, struct vaultenv_error *err);
/* IO. */
int vaultenv_rotation_finish(struct vaultenv_client *client,
    struct vaultenv_error *err);
void vaultenv_rotation_free(struct vaultenv_rotation **rotation);

/* ----------------------------------------------------------- projects */

/* project_id gets 36 characters and a NUL. token: NULL or the operator's. */
int vaultenv_project_create(struct vaultenv_client *client, const char *name,
    const char *token, char project_id[VAULTENV_PROJECT_ID_LEN + 1],
    struct vaultenv_error *err);

/* Gives the server this key's auth key. CONFLICT: the project has one. */
int vaultenv_project_set_key(struct vaultenv_client *client,
    struct vaultenv_error *err);

/*
 * A project of protocol v2, which the client makes all by itself: id, VAULT_KEY,
 * this machine's device secret and its first log entry, all of it but VAULT_KEY
 * written into ~/.vault. The client, opened with no_key, is of that project then.
 * *key, for vaultenv_text_free(), is to be stored before the second call, which
 * makes the project known to the server; that one may be repeated. name: NULL is
 * the project's id. NOT_FOUND: the server speaks protocol v1 only. IO, EXISTS.
 */
int vaultenv_project_begin(struct vaultenv_client *client,
    const char *device_name, char **key, size_t *len,
    struct vaultenv_error *err);
int vaultenv_project_publish(struct vaultenv_client *client, const char *name,
    const char *token, struct vaultenv_error *err);

/* v2, by an admin's device: the server forgets the project, for everybody; only
 * its id is never given again. */
int vaultenv_project_delete(
    struct vaultenv_client *client, struct vaultenv_error *err);

/* -------------------------------------- from protocol v1 to protocol v2 */

/*
 * A project is never converted: its team goes on in another one, of protocol v2.
 * All of these are for a client of the old one: how far that has come is in
 * ~/.vault/<its id>.upgrade.
 */
struct vaultenv_upgrade {
	char *key;	/* VAULT_KEY of the new project */
	size_t len;
	struct vaultenv_environments environments;	/* and the versions of them
							 * that were looked at */
};

/* NOT_FOUND: none was begun on this machine. IO, INVALID. */
int vaultenv_upgrade_read(struct vaultenv_client *client,
    struct vaultenv_upgrade **out, struct vaultenv_error *err);
/* Notes that this version was looked at. NOMEM, without a sentence. */
int vaultenv_upgrade_set(struct vaultenv_upgrade *upgrade,
    const char *environment, int64_t version);
/* IO. */
int vaultenv_upgrade_write(struct vaultenv_client *client,
    const struct vaultenv_upgrade *upgrade, struct vaultenv_error *err);
/* Fine if there is none. IO. */
int vaultenv_upgrade_remove(
    struct vaultenv_client *client, struct vaultenv_error *err);
void vaultenv_upgrade_free(struct vaultenv_upgrade **upgrade);

/* The environments that there may be: those that every project begins with,
 * those that this machine has seen, and the client's. */
int vaultenv_upgrade_environments(struct vaultenv_client *client,
    struct vaultenv_environments **out, struct vaultenv_error *err);

struct vaultenv_moving {
	struct vaultenv_list *secrets;
	int64_t version;
	int64_t seen_version;	/* by this machine; 0: none */
	char *updated_at;
};

/* The newest version, held against what this machine has seen, as vaultenv_load()
 * does. *out is for vaultenv_moving_reset() in any case. NO_SECRETS; DECRYPT:
 * out->version is set. */
int vaultenv_upgrade_look(struct vaultenv_client *client,
    const char *environment, struct vaultenv_moving *out,
    struct vaultenv_error *err);
void vaultenv_moving_reset(struct vaultenv_moving *moving);

/* Tells the server where the project goes on; freeze not 0: nothing in it changes
 * any more, and only the operator takes that back. CONFLICT: it has moved to
 * another one. */
int vaultenv_project_move(struct vaultenv_client *client, const char *moved_to,
    int freeze, struct vaultenv_error *err);

/* ---------------------------------------------- heads and losses (v2) */

/* Where a chain stands: how many came before, and the hash of the last. */
struct vaultenv_head {
	char *environment;	/* NULL: the log of devices */
	int64_t version;	/* of the log: the number of the entry */
	char hash[65];		/* 64 hex and a NUL */
};

struct vaultenv_heads {
	struct vaultenv_head log;
	size_t n;
	struct vaultenv_head *at;	/* by name */
	char *text;	/* as .vault-heads has it, for others to compare with */
	size_t text_len;
};

struct vaultenv_verify_options {
	/* What another machine was shown: the text of its heads, and what an
	 * error calls that. NULL: nothing to compare with. */
	const char *against;
	size_t against_len;
	const char *against_name;
	/* Called for each environment, or comparison of the log, that something
	 * is wrong with; may be NULL. */
	void (*found)(void *arg, const struct vaultenv_error *err);
	void *arg;
};

/*
 * v2: reads the whole log and every version's record of each environment that
 * this device may read, and verifies each signature. VERIFY: something is wrong;
 * if that is not the log itself, the others were looked at all the same, and *out
 * has those that are good. options may be NULL. INVALID: against is of another
 * project.
 */
int vaultenv_project_verify(struct vaultenv_client *client,
    const struct vaultenv_verify_options *options, struct vaultenv_heads **out,
    struct vaultenv_error *err);

/* v2: what this machine has seen and verified; asks nobody. NOT_FOUND: nothing
 * yet. */
int vaultenv_project_heads(struct vaultenv_client *client,
    struct vaultenv_heads **out, struct vaultenv_error *err);
void vaultenv_heads_free(struct vaultenv_heads **heads);

/*
 * v2: what this machine has seen of the client's environment, and what the server
 * has: after a backup was restored that may be older, and nobody has the rest.
 * Version 0: nothing.
 */
struct vaultenv_loss {
	struct vaultenv_head seen;
	struct vaultenv_head there;	/* verified, down to the last cut */
	size_t n_lines;	/* of .vault-heads that the server's does not fit */
	int is_lost;	/* not 0: seen does not fit, or lines do not */
};

int vaultenv_loss_look(struct vaultenv_client *client,
    struct vaultenv_loss *out, struct vaultenv_error *err);
/* From now on the server's version, the one that was looked at, is the newest for
 * this machine; the lines are removed. Never below what a removal of a device has
 * named. CONFLICT: the server shows another by now, or another of that number. */
int vaultenv_loss_accept(struct vaultenv_client *client,
    const struct vaultenv_loss *seen, struct vaultenv_error *err);

/* ------------------------------------------------------- bundles (v2) */

/*
 * v2: the newest version of the client's environment as a file, with the log, up
 * to n_records records and the keys of all devices: vaultenv_load() reads it from
 * a mirror. *text is for vaultenv_text_free(). DEVICE: only an admin's can.
 */
int vaultenv_bundle_write(struct vaultenv_client *client, int64_t n_records,
    char **text, size_t *len, struct vaultenv_error *err);
/* v2: all that this machine holds of the project, asking nobody: a line with the
 * log, and one for each cached environment, for vault.fcgi --restore. NOT_FOUND:
 * nothing. */
int vaultenv_bundle_all(struct vaultenv_client *client, char **text,
    size_t *len, struct vaultenv_error *err);

/* --------------------------------------------------------- audit (v2) */

/* Who asked the server for what, by its own word: it could leave something out,
 * or make it up. What was changed is signed: vaultenv_project_verify(). */
struct vaultenv_audit_row {
	char *at;		/* ISO 8601 UTC */
	char *id;		/* of the row */
	char *action;		/* "secrets/pull" */
	char *outcome;		/* "done", or the code of a refusal */
	char *device_id;	/* NULL: not known, as are the others */
	char *device;		/* its name, by the log */
	char *environment;
	int64_t version;	/* 0: it is about none */
	char *address;
};

struct vaultenv_audit {
	size_t n;
	struct vaultenv_audit_row *at;	/* newest first */
};

struct vaultenv_audit_options {
	const char *device_id;		/* only what this one did */
	const char *environment;	/* only what was done there */
	const char *since;		/* "7d": no older than that */
	size_t limit;			/* 0: 100 */
};

/* v2: for an admin's device; DEVICE for others. options may be NULL. INVALID:
 * device_id is none, since is no span. */
int vaultenv_audit_list(struct vaultenv_client *client,
    const struct vaultenv_audit_options *options, struct vaultenv_audit **out,
    struct vaultenv_error *err);
void vaultenv_audit_free(struct vaultenv_audit **audit);

/* ------------------------------------------------------------ devices */

struct vaultenv_device {
	char *id;		/* UUID; v2, pending: its first 8 digits, see below */
	char *name;
	char *status;		/* "approved", "pending" or "revoked" */
	char *created_at;	/* ISO 8601 UTC, "2026-01-31T12:00:00.000Z" */
	char *approved_at;	/* NULL: never */
	char *last_seen_at;	/* NULL: never, or not known */
	/* v2; NULL where it is not so, or not known */
	char *role;		/* "reader", "writer" or "admin" */
	char *environments;	/* "development, staging", or "*" */
	char *expires_at;	/* NULL: never */
	char *approved_by;	/* the id of the admin's device */
	char *address;		/* pending: where it asked from */
	int has_expired;
	int ends_soon;		/* within 30 days */
};

struct vaultenv_devices {
	size_t n;
	struct vaultenv_device *at;	/* newest first */
	/* v2: not 0 where this device is no admin's: its list is that of the
	 * log, without who waits, and without last_seen_at. */
	int is_from_log;
};

/*
 * v2: what a device may, as people write it. NULL: for a new device what the
 * call says, for a change what it may now.
 */
struct vaultenv_scope {
	const char *role;		/* "reader", "writer" or "admin" */
	const char *const *environments;	/* or "*" alone; NULL at the end */
	const char *expires;		/* from now on: "365d", "12h"; "never" */
	const char *max_cache;		/* how long a cache serves; "none" */
	const char *fresh;		/* how old versions may be; "none": any age */
	int no_history;		/* not 0: no keys of older versions come along */
};

/* INVALID, with a sentence: a value that makes no sense, or an admin with an
 * end, or without all environments. */
int vaultenv_scope_check(
    const struct vaultenv_scope *scope, struct vaultenv_error *err);

/*
 * Makes a device secret and stores it at vaultenv_client_device_path(), folder
 * 0700, file 0600, never over an existing file: EXISTS, unless replace is not
 * 0; then the old file is first renamed, and *backup (for free(); NULL when
 * there was none) is its new path. backup may be NULL.
 */
int vaultenv_device_generate(struct vaultenv_client *client, int replace,
    char **backup, struct vaultenv_error *err);

/* Registers this machine's device secret; *device is for _device_free(). */
int vaultenv_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err);
void vaultenv_device_free(struct vaultenv_device **device);

/*
 * NOT_FOUND: no such device. CONFLICT: revoked, and revoked is final. v2: DEVICE:
 * this device is no admin's; approved is a pending device whose registration is
 * genuine, by its whole id, which has to come from that machine: it is the hash
 * of its keys. It may write all environments then, and never expires. After a
 * revocation each environment concerned gets a new data key; where that fails, a
 * notice says what to run.
 */
int vaultenv_device_approve(struct vaultenv_client *client, const char *id,
    struct vaultenv_error *err);
int vaultenv_device_revoke(struct vaultenv_client *client, const char *id,
    struct vaultenv_error *err);
/* v2: approves with a scope: as above where it says nothing, a cache serves for
 * 7 days. And changes the scope of an approved device. *device, for
 * vaultenv_device_free(), is what the log says of it then; NULL: not wanted. */
int vaultenv_device_approve_as(struct vaultenv_client *client, const char *id,
    const struct vaultenv_scope *scope, struct vaultenv_device **device,
    struct vaultenv_error *err);
int vaultenv_device_scope(struct vaultenv_client *client, const char *id,
    const struct vaultenv_scope *scope, struct vaultenv_device **device,
    struct vaultenv_error *err);

/*
 * v2: revokes several, then gives each environment concerned a new data key, once:
 * *confirmed are those, for vaultenv_environments_free(). One that is revoked
 * already is passed over. *n_done, of them, are revoked whatever is returned; what
 * cannot be confirmed is a notice. The client's own device has to be the last of
 * them, and leaves the new data keys to others: *confirmed stays as it was.
 */
int vaultenv_devices_revoke(struct vaultenv_client *client,
    const char *const *ids, size_t n, size_t *n_done,
    struct vaultenv_environments **confirmed, struct vaultenv_error *err);

/* What a device could read. */
struct vaultenv_exposed_name {
	char *environment;
	char *name;
	int64_t first;	/* version that has it */
	int64_t last;
	/* It was there to the end: what it was then, as ~/.vault keeps it, 64 hex.
	 * "": it was not. */
	char mark[65];
};

struct vaultenv_exposed {
	size_t n;
	struct vaultenv_exposed_name *at;	/* by environment and name */
};
void vaultenv_exposed_free(struct vaultenv_exposed **exposed);

/* v2: of a revoked device, up to its removal; of another, up to now: by all
 * versions that are kept and that this device can open. NOT_FOUND. */
int vaultenv_device_exposed(struct vaultenv_client *client, const char *id,
    struct vaultenv_exposed **out, struct vaultenv_error *err);
/* Remembers those with a mark, in ~/.vault/<project id>.exposed. IO. */
int vaultenv_exposed_keep(struct vaultenv_client *client,
    const struct vaultenv_exposed *exposed, struct vaultenv_error *err);
/* Those whose value is still what a removed device could read. The others are
 * remembered no longer. last is the version of then. */
int vaultenv_exposed_left(struct vaultenv_client *client,
    struct vaultenv_exposed **out, struct vaultenv_error *err);

/*
 * v2: a device for a machine without anybody to ask, such as CI: made here, by
 * an admin's device, and admitted at once. Its secret is in
 * ~/.vault/<project id>.enroll from before the server hears of it until
 * vaultenv_enrolled_finish(), which is to be called once the secret was handed
 * on; so a run that was cut off is gone on with by the next, with the name and
 * the scope of then. EXISTS: another one is at work, or that file is of a device
 * of another kind (admin, or not). DEVICE, INVALID, IO.
 */
struct vaultenv_enrolled {
	char *device_secret;	/* 64 hex */
	char *vault_key;
	struct vaultenv_device device;
	int is_resumed;		/* it was begun by an earlier run */
	int lock;		/* the library's own */
};

int vaultenv_device_enroll(struct vaultenv_client *client, const char *name,
    const struct vaultenv_scope *scope, struct vaultenv_enrolled **out,
    struct vaultenv_error *err);
int vaultenv_enrolled_finish(struct vaultenv_client *client,
    struct vaultenv_enrolled *enrolled, struct vaultenv_error *err);
void vaultenv_enrolled_free(struct vaultenv_enrolled **enrolled);

/* v2: the id of this machine's device secret, which is the hash of its keys; the
 * server is not asked. DEVICE: there is none. */
int vaultenv_device_id(struct vaultenv_client *client,
    char id[VAULTENV_PROJECT_ID_LEN + 1], struct vaultenv_error *err);
/* Stores the device secret that the client was given (options, environment) as
 * this machine's, as vaultenv_device_generate() stores a new one; one that is
 * stored already is fine. */
int vaultenv_device_adopt(struct vaultenv_client *client, int replace,
    char **backup, struct vaultenv_error *err);

/* v2: this one, as the log that this machine knows has it; asks nobody.
 * DEVICE: it is not in there. */
int vaultenv_device_self(struct vaultenv_client *client,
    struct vaultenv_device **device, struct vaultenv_error *err);

/* v2, of an admin's device: pending registrations that are not genuine are left
 * out, with a notice. */
int vaultenv_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err);
/* v2: those of the log alone: without who waits, and without last_seen_at. */
int vaultenv_device_members(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err);
void vaultenv_devices_free(struct vaultenv_devices **devices);

/* ------------------------------------------------------------ secrets */

/*
 * The secrets of the client's environment. version 0: the newest. out_version
 * may be NULL; it is also set on DECRYPT, when the server's version is known.
 * PENDING, DEVICE: this device may not. NO_SECRETS: nothing there yet.
 * NOT_FOUND: no such version. DECRYPT: pushed with another key or device.
 */
int vaultenv_secrets_pull(struct vaultenv_client *client, int64_t version,
    struct vaultenv_list **out, int64_t *out_version,
    struct vaultenv_error *err);

/*
 * v2: the newest version from a mirror: <mirror>/<project id>/<environment>.json,
 * as vaultenv_bundle_write() made it. For when the server is away. FORBIDDEN: it
 * is old, or this device accepts versions of any age and so no mirror. INVALID:
 * mirror is no https URL. out_version may be NULL.
 */
int vaultenv_secrets_mirror(struct vaultenv_client *client, const char *mirror,
    struct vaultenv_list **out, int64_t *out_version,
    struct vaultenv_error *err);

/*
 * After NO_SECRETS, for a call that only reads: makes *err say also which of
 * development, staging and production have secrets, and what to do. Asks the
 * server for each. vaultenv_load() does it by itself. Any other *err stays.
 */
void vaultenv_environments_explain(
    struct vaultenv_client *client, struct vaultenv_error *err);

/*
 * Encrypts the list and stores it as the next version. base_version is the
 * version it was made from (0: none yet); if the server has another by now,
 * CONFLICT with err->current_version. -1: do not compare. changes, n_changes:
 * names for the history, as vaultenv_list_diff() gives them; may be NULL, 0.
 * PENDING, DEVICE: this device may not, or there is no device secret: what is
 * encrypted by the vault key alone can be read by all who have that. INVALID: a
 * reserved name, a value that is not UTF-8 or holds a NUL, or more than 5 MiB in all.
 */
int vaultenv_secrets_push(struct vaultenv_client *client,
    const struct vaultenv_list *list, int64_t base_version,
    const struct vaultenv_change *changes, size_t n_changes,
    int64_t *out_version, struct vaultenv_error *err);

/*
 * A change of what is there, however it came to be. Either edit: a function
 * that changes a copy of the newest version's secrets; 0, or a status with err
 * filled in, which ends it all. Or list: all that shall be there, and the
 * version that it was made from. If the server has another one by now, what
 * only others have changed since stays theirs, name by name.
 */
struct vaultenv_changed;

struct vaultenv_change_options {
	int (*edit)(void *arg, struct vaultenv_list *list,
	    struct vaultenv_error *err);
	int needs_secrets;	/* not 0: NO_SECRETS where nothing is there yet */

	const struct vaultenv_list *list;	/* reserved names are left out */
	int64_t base_version;	/* 0: nothing was there; -1: it is not known */
	/* What both sides have changed differently is CONFLICT, unless */
	int ours;		/* not 0: the list has it, or */
	int theirs;		/* not 0: the newest version */
	/* A list whose version is not known, or not to be had, may add names, but
	 * to change or remove one is CONFLICT, unless */
	int replace;		/* not 0: the list is the whole, or */
	int merge;		/* not 0: it only adds and changes, or */
	/* this, if not NULL, returns 0; what else it returns, it sets err to. */
	int (*confirm)(void *arg, const struct vaultenv_changed *changed,
	    struct vaultenv_error *err);
	int force;		/* v1: not 0: also over a version that cannot be
				 * read. v2: replace is enough for that */
	int take_stale;		/* as in struct vaultenv_confirm_options, below */

	void *arg;		/* of the functions */
	int dry_run;		/* not 0: push nothing, ask nobody */
	int tries;		/* if others are faster; 0: 20; replace: once */
};

struct vaultenv_changed {
	int64_t version;	/* that is there now; 0: none */
	int64_t base_version;	/* that was there before */
	int pushed;		/* 0: nothing differed, or dry_run */
	int new_environment;	/* v2: this push made it, and it is none of
				 * development, staging and production */
	int followed;		/* the file that was pushed agrees with it now */
	size_t n_changes;
	struct vaultenv_change *changes;	/* from before to secrets */
	struct vaultenv_list *before;
	struct vaultenv_list *secrets;
	/* CONFLICT: names that both have changed; or the list would change or
	 * remove secrets, and it is not known what it was made from. */
	struct vaultenv_list *conflicts;
	int unfounded;
};

/*
 * Pulls, changes, pushes. *out is for vaultenv_changed_free(), and is also set
 * on CONFLICT. What is compared is free of reserved names, each with a notice.
 * DECRYPT: the newest version cannot be read here. INVALID: the list is empty,
 * or as vaultenv_secrets_push().
 */
int vaultenv_secrets_change(struct vaultenv_client *client,
    const struct vaultenv_change_options *options,
    struct vaultenv_changed **out, struct vaultenv_error *err);
void vaultenv_changed_free(struct vaultenv_changed **changed);

/*
 * The version of the client's environment that a .env file was made from, by
 * the one comment line in it that push and pull keep. -1: not known.
 */
int64_t vaultenv_envfile_base(const struct vaultenv_envfile *file,
    const struct vaultenv_client *client);

/*
 * Writes the file anew: that line says version, and, unless secrets is NULL, its
 * variables are what secrets has; reserved names and every other byte stay.
 * UNWRITABLE: .env text cannot hold that. IO.
 */
int vaultenv_envfile_follow(const struct vaultenv_envfile *file,
    const struct vaultenv_client *client, const struct vaultenv_list *secrets,
    int64_t version, struct vaultenv_error *err);

/*
 * vaultenv_secrets_change() to the file's variables, from the version that they
 * were made from; then the file follows, unless options->merge. Where it cannot,
 * a notice says so. options: its edit, list and base_version are not looked at.
 */
int vaultenv_envfile_push(struct vaultenv_client *client,
    const struct vaultenv_envfile *file,
    const struct vaultenv_change_options *options,
    struct vaultenv_changed **out, struct vaultenv_error *err);

/* 0 when nothing was pushed yet. updated_at: for free(), may be NULL. */
int vaultenv_secrets_current_version(struct vaultenv_client *client,
    int64_t *out_version, char **updated_at, struct vaultenv_error *err);

struct vaultenv_version {
	int64_t version;
	char *created_at;	/* ISO 8601 UTC */
	size_t n_changed;
	char **changed;		/* "+NAME", "~NAME", "-NAME", or what was sent */
	/* v2 alone; else NULL and 0. The author signed it; where it cannot be
	 * told which of several changed what, it is all of them. */
	char *author;		/* the device's name */
	char *author_id;
	int64_t rolled_back_to;	/* 0: it is no rollback */
	char *note;		/* why changed is not known; NULL: it is */
};

struct vaultenv_versions {
	size_t n;
	struct vaultenv_version *at;	/* newest first, 50 at most */
};

int vaultenv_secrets_versions(struct vaultenv_client *client,
    struct vaultenv_versions **out, struct vaultenv_error *err);
void vaultenv_versions_free(struct vaultenv_versions **versions);

/* Stores an old version again, as the next one. NOT_FOUND: no such version. */
int vaultenv_secrets_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err);

/*
 * v2: gives the data keys of the client's environment, as far as this device has
 * them, to all who may read it and lack one. *out_added, which may be NULL: how
 * many were missing. DEVICE: this one may only read. NO_SECRETS.
 */
int vaultenv_secrets_share(struct vaultenv_client *client, int64_t *out_added,
    struct vaultenv_error *err);

/* Of vaultenv_secrets_confirm(). */
struct vaultenv_confirm_options {
	int new_key;	/* not 0: under a new data key, also where none is due */
	int take_stale;	/* not 0: also one that is older than this device
			 * accepts. For a person who has asked the others: a lapse
			 * looks like a server that shows an old state */
};

/*
 * v2: stores the newest version again, as the next one, so that everybody sees
 * that it is still current; under a new data key if somebody was removed since.
 * Does nothing where that was done today (UTC) already: *out_pushed is then 0.
 * options, out_version and out_pushed may be NULL. DEVICE: this one may only
 * read. NO_SECRETS.
 */
int vaultenv_secrets_confirm(struct vaultenv_client *client,
    const struct vaultenv_confirm_options *options, int64_t *out_version,
    int *out_pushed, struct vaultenv_error *err);

/* ---------------------------------------------------- load: config() */

/* What a program sees, and where it came from. */
enum vaultenv_source {
	VAULTENV_SOURCE_FILE,	/* no vault key: plain dotenv */
	VAULTENV_SOURCE_SERVER,
	VAULTENV_SOURCE_CACHE,
	VAULTENV_SOURCE_MIRROR	/* v2 */
};

struct vaultenv_load_options {
	int no_cache;		/* not 0: neither read nor write a cache */
	int expand;		/* not 0: ${NAME} and ${NAME:-default} in the
				 * values of the .env file, as python-dotenv; the
				 * secrets count as names before it */
	int override;		/* not 0: for expand, file before environment; for
				 * vaultenv_load_setenv(), over what there is */
	const char *const *allow; /* names of vaultenv_name_runs_code() that are
				   * taken all the same; NULL at the end. NULL:
				   * none */
	int64_t cache_max_age_s; /* an older cache is refused; 0: $VAULT_CACHE_MAX_AGE
				  * (seconds, or 30m, 12h, 7d), else no limit */
	const char *mirror;	/* v2: the https URL of files that
				 * vaultenv_bundle_write() made, asked before the
				 * cache while the server is away; NULL:
				 * $VAULT_MIRROR, else none */
	int64_t fresh_s;	/* > 0: a cache no older than this is used and the
				 * server not asked, if this library wrote it for
				 * this environment */
};

struct vaultenv_loaded {
	enum vaultenv_source source;
	int64_t version;	/* 0: not known (plain file, or a cache that
				 * another client wrote) */
	int64_t cache_age_s;	/* SOURCE_CACHE; else 0 */
	/* The secrets, without reserved names; over them the .env file's own
	 * variables, as dotenv has them, but for the keys: of
	 * the reserved names VAULT_URL alone is there; both without names that run code, unless
	 * allowed. */
	struct vaultenv_list *variables;
	/* Names that were left out because programs run other code by them; a
	 * notice has said so. The values are empty. */
	struct vaultenv_list *left_out;
	/* The .env file, if it is one that can be read only once (a FIFO): a watch
	 * that begins with this has use for it. Else NULL. */
	struct vaultenv_envfile *file;
};

/*
 * Finds the key and pulls; writes the cache. No key anywhere (or no_key in
 * opts): the .env file alone, as plain dotenv (a missing file: no variables),
 * and no other setting is looked at. opts as for vaultenv_client_open(); both
 * may be NULL.
 *
 * If the server is away, or answers 5xx or 429, load's mirror is asked, if there
 * is one; else, or if that has nothing good, the cache is used, with one
 * notice `Remote fetch failed, using cached secrets (3 hours old): …`. Without a cache that can
 * be used the error is NETWORK or SERVER: `Failed to fetch secrets and no cache
 * available: …`, or `… and no cache available (why it is none): …`, or `… and
 * the cache is 3 days old, older than VAULT_CACHE_MAX_AGE (1 day): …`. After a
 * 401, a 403 or a failed decryption the cache is never used: those are errors
 * as vaultenv_secrets_pull() has them.
 *
 * What was pulled last is remembered by server and environment
 * (~/.vault/<project id>.state). An older version is the error PROTOCOL; a newer
 * one is UNTRUSTED if the server's history does not have those between; the same
 * version with other bytes gives a notice, and so does a cache or a memory that cannot be
 * written. A VAULT_CACHE_MAX_AGE that is no time, and a negative number in
 * load, are INVALID too.
 */
int vaultenv_load(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_loaded **out,
    struct vaultenv_error *err);

/*
 * The same without the network; fresh_s means nothing here. NOT_FOUND: there
 * is no cache, it is too old, or no_cache is set. NO_SECRETS: it holds another
 * environment. DECRYPT: it is damaged, or of another key or device. IO:
 * somebody else can write it.
 */
int vaultenv_load_cached(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_loaded **out,
    struct vaultenv_error *err);
void vaultenv_loaded_free(struct vaultenv_loaded **loaded);

/* Calls setenv(3) for each; existing variables win unless override, empty ones
 * too. It is not thread-safe, as setenv is not. A value that holds a NUL is
 * INVALID and named, and nothing is set then. */
int vaultenv_list_setenv(const struct vaultenv_list *list, int override,
    struct vaultenv_error *err);

/* What a call of dotenv does: vaultenv_load(), then vaultenv_list_setenv() of
 * all variables, with load->override. To watch, load them by vaultenv_load(). */
int vaultenv_load_setenv(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load, struct vaultenv_error *err);

/*
 * True for names by which a loader, a shell, an interpreter or a tool runs other
 * code: LD_*, PATH, BASH_ENV, NODE_OPTIONS, PYTHONPATH, GIT_* and the others that
 * vault-env(1) lists. No such list is ever whole. A load takes ENV from the .env
 * file all the same, since many programs have a variable of that name.
 */
int vaultenv_name_runs_code(const char *name);

/* The notice that names were left out for that, for free(). NULL: there are
 * none, or out of memory. */
char *vaultenv_left_out_text(const struct vaultenv_list *left_out);

/*
 * ${NAME} and ${NAME:-default} in list's values, in order, looked up in the
 * environment first (or last, with override) and otherwise among the names
 * before. A name that is nowhere gives the default, or nothing; one that is
 * empty gives nothing. No reference within a reference; $NAME stays. After an
 * error (NOMEM; INVALID: beyond 16 MiB) the list is as it was.
 */
int vaultenv_list_expand(struct vaultenv_list *list, int override,
    struct vaultenv_error *err);

/* -------------------------------------------------------------- watch */

struct vaultenv_update {
	int64_t version;
	const struct vaultenv_list *secrets;	/* all of them, as load gives */
	size_t n_changes;			/* 1 or more */
	const struct vaultenv_change *changes;	/* since the last call */
};

struct vaultenv_watch_options {
	int interval_ms;	/* 0: 30,000; jittered by a tenth; counts from the
				 * end of one poll to the next. While the server
				 * is away it is doubled each time, up to ten
				 * intervals */
	/*
	 * Either may be NULL. Both are called in the watch's own thread, one at
	 * a time, as is the notice of vaultenv_options; what they are given is
	 * borrowed for the call. They may not call vaultenv_watch_stop(), nor
	 * wait for a thread that does. That thread blocks all signals.
	 */
	void (*on_change)(void *arg, const struct vaultenv_update *update);
	void (*on_error)(void *arg, const struct vaultenv_error *err);
	void *arg;		/* must live until stop has returned */
};

struct vaultenv_watch;

/*
 * Asks for the version every interval and pulls when it is another one; writes
 * the cache then. on_change comes when a name or value differs from before: a
 * new version of the same secrets is no change. on_error comes for each poll
 * that failed, and the watch goes on.
 *
 * known: what the program has already, and its version where watching begins;
 * it is copied. NULL: watching begins with the first poll, at once, which
 * reports nothing. Keys, server and environment variables are looked at here
 * and not again; the .env file's own variables are read with each pull.
 * Errors: as vaultenv_client_open(), so NO_KEY where load gave the plain file;
 * NOMEM.
 */
int vaultenv_watch_start(const struct vaultenv_options *opts,
    const struct vaultenv_load_options *load,
    const struct vaultenv_loaded *known,
    const struct vaultenv_watch_options *watch, struct vaultenv_watch **out,
    struct vaultenv_error *err);

/*
 * Ends a wait at once and a request in hand within a second or so, waits for a
 * callback in hand, joins the thread, frees.
 * NULL and *watch NULL are fine. In a child of fork() there is no thread: it
 * frees what is the child's, and the child starts a watch of its own.
 */
void vaultenv_watch_stop(struct vaultenv_watch **watch);

/* ------------------------------------------------------------ process */

/*
 * For programs that do nothing but handle secrets: no core dumps, no ptrace by
 * other processes of the user (PR_SET_DUMPABLE, RLIMIT_CORE), and a check that
 * memory can be locked (IO if not). It concerns the whole process, which is why
 * the library never does it by itself. Call it before anything else.
 */
int vaultenv_process_harden(struct vaultenv_error *err);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* VAULTENV_H */
