/* SPDX-License-Identifier: MIT */
/*
 * options.h: the command line.
 */
#ifndef VAULT_FCGI_OPTIONS_H
#define VAULT_FCGI_OPTIONS_H

#include <stdbool.h>

enum action {
	ACTION_SERVE,
	ACTION_CHECK,
	ACTION_REKEY,
	ACTION_FORGET_KEYS,
	ACTION_CHECK_LOG,
	ACTION_RESTORE,
	ACTION_UNFREEZE,
	ACTION_SETTINGS,
	ACTION_VERSION,
	ACTION_HELP
};

struct options {
	const char *config; /* NULL: the default file */
	const char *listen; /* NULL: as the settings say */
	enum action action;
	const char *project; /* of ACTION_UNFREEZE */
	/* of ACTION_RESTORE */
	char *const *files;
	int n_files;
	bool dry_run;
};

/* False, and the usage was printed: not a command line of ours. */
bool options_parse(struct options *o, int argc, char *argv[]);
/* True: the action was to print something, and is done. */
bool options_print(const struct options *o);

#endif
