/* SPDX-License-Identifier: MIT */
/*
 * cmd.h: what a command is. Each cmd-*.c exports one const row; usage, --help,
 * the completion and the tests are made from the rows.
 *
 * To add a command (in brackets, what complains if a step was forgotten):
 * - if it asks the server something new: first the call, as lib/client/client.h
 *   says;
 * - write cli/cmd-NAME.c with its row, which is declared below, and list the
 *   file in cli/Makefile.inc [the linker]; what commands share is in session.h
 *   (client, errors) and output.h (sentences, tables, JSON);
 * - add the row's address to cli/cmds.c, where help is to list it
 *   [tests/cli/usage.t];
 * - give its options to struct args here, if they are new;
 * - describe it and its options in cli/vault-env.1, at the same place in the
 *   order [tests/style/man.t];
 * - say in tests/cli/errors.t with which arguments it does its work; unless it
 *   is v2's alone, in tests/cli/requests.t what it asks the server for [both];
 * - add a test of what it does to tests/cli/ [nobody].
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The same list is in vault-env.1, EXIT STATUS. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,  /* 401, 403, 409: the server said no; or we did */
	EXIT_NETWORK = 4,  /* no answer, or the server is in trouble */
	EXIT_TAMPERED = 5, /* what it gave is not what a device signed */
	/* run: what a shell says of a command that it cannot start */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127
};

#define MAX_VERSION INT64_C(9007199254740991) /* 2^53 - 1, as on the wire */
#define MAX_LIST    100 /* environments that a scope may have, among others */
#define MAX_SECONDS INT64_C(31536000) /* a year */

/* What the command line said. NULL, false and 0 mean: not given. */
struct args {
	const char *url;
	const char *env;
	const char *file;                /* the first of --file */
	const char *files[MAX_LIST + 1]; /* takes_layers: all of them */
	bool json;
	bool quiet;
	bool insecure_http;
	bool help;
	bool show_version;

	const char *name;
	const char *token_file;
	int64_t protocol;
	const char *output;
	const char *id;
	bool yes;
	int64_t version;
	bool dry_run;
	bool force;
	bool move;
	bool ours;
	bool theirs;
	bool replace;
	bool merge;
	bool reveal;
	bool new_key;
	bool stale;
	bool looked;
	bool existing;
	const char *against;
	const char *device;
	const char *since;
	int64_t limit;
	const char *mirror;
	bool all;
	int64_t records;
	bool completion;
	bool prepare;
	const char *confirm;
	bool finish;
	bool leaked;
	const char *operand;

	/* devices of protocol v2 */
	const char *ids[MAX_LIST + 1];  /* NULL at the end */
	const char *envs[MAX_LIST + 1]; /* likewise: an own list of --env */
	const char *admitted_by;
	const char *role;
	const char *expires;
	const char *max_cache;
	const char *fresh;
	bool no_history;
	bool keep_key;

	const char *first_env; /* two_environments: the first of two --env */
	size_t n_env;
	const char *format;
	int64_t from;
	int64_t to;
	bool watch;
	bool offline;
	bool override;
	bool no_keys;
	const char *allow[MAX_LIST + 1]; /* NULL at the end */
	const char *only[MAX_LIST + 1];  /* likewise */
	int64_t cached_s;
	int64_t grace_s;
	int64_t interval_s;
	char **command; /* takes_command: what follows "--", then NULL */
};

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NAME, /* of a project or a device */
	OPTION_LIST, /* may be given MAX_LIST times */
	OPTION_ENV,
	OPTION_FILE,
	OPTION_VERSION,
	OPTION_SECONDS
};

struct option_row {
	const char *name;  /* "--file"; NULL ends a list */
	const char *value; /* "FILE"; NULL for a flag */
	enum option_type type;
	bool required;
	size_t at;        /* offset in struct args */
	const char *help; /* starts in lower case, no full stop */
};

#define ARG(field) offsetof(struct args, field)

struct command {
	const char *name;
	const char *summary; /* one line, starts with a verb */
	const char *operand; /* "NAME", "[COMMAND]": optional; NULL: none */
	const char *about;   /* a paragraph for --help; may be NULL */
	const struct option_row *options; /* NULL: global ones only */
	bool v2;                          /* only for projects of protocol 2 */
	bool plain;            /* handles no secrets: needs no locked memory */
	bool takes_command;    /* its operand is all that follows "--" */
	bool two_environments; /* --env may be given twice */
	bool takes_layers;     /* --file may be given more often */
	int (*run)(const struct args *args); /* an enum exit_code */
};

/* options.c: what a server takes as the name of a project or a device. */
#define NAME_LEN_MAX 128
bool name_is_valid(const char *name);

/* cmds.c: NULL-terminated. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

extern const struct command command_init;
extern const struct command command_push;
extern const struct command command_pull;
extern const struct command command_run;
extern const struct command command_get;
extern const struct command command_set;
extern const struct command command_delete;
extern const struct command command_diff;
extern const struct command command_export;
extern const struct command command_versions;
extern const struct command command_rollback;
extern const struct command command_confirm;
extern const struct command command_verify;
extern const struct command command_heads;
extern const struct command command_share;
extern const struct command command_bundle;
extern const struct command command_audit;
extern const struct command command_register_device;
extern const struct command command_approve_device;
extern const struct command command_scope_device;
extern const struct command command_enroll;
extern const struct command command_recovery;
extern const struct command command_list_devices;
extern const struct command command_revoke_device;
extern const struct command command_key;
extern const struct command command_rotate_key;
extern const struct command command_accept_loss;
extern const struct command command_upgrade;
extern const struct command command_delete_project;
extern const struct command command_status;
extern const struct command command_trust;
extern const struct command command_help;

/* options.c */
extern const struct option_row global_options[];

/*
 * Fills args and *command (NULL: none was named). Prints the error itself and
 * returns EXIT_USAGE when the line makes no sense.
 */
int options_parse(
    int argc, char **argv, struct args *args, const struct command **command);

/* completion.c: the script for bash, on stdout. */
void completion_print(void);

/* cmd-help.c */
void help_overview(void);
void help_command(const struct command *command);

#endif
