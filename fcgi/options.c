/* SPDX-License-Identifier: MIT */
/*
 * options.c: the command line, and what can be answered from it alone.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "common/settings.h"
#include "options.h"

static const char usage[] =
    "usage: vault.fcgi [--config FILE] [--listen SOCKET] [ACTION]\n"
    "  --config FILE    settings (default: " SYSCONFDIR
    "/vault-env/vault.conf)\n"
    "  --listen SOCKET  a unix socket to make and listen on; without it and\n"
    "                   without the setting, standard input is the socket\n"
    "  --check          reads settings, key and database, prints ok or why "
    "not\n"
    "  --rekey          replaces the server key\n"
    "  --forget-keys    puts another server key in force after the old one "
    "was\n"
    "                   lost\n"
    "  --check-log      holds the tables of protocol v2 against the logs that\n"
    "                   devices signed\n"
    "  --restore [--dry-run] FILE...\n"
    "                   brings projects of protocol v2 up to date after an "
    "old\n"
    "                   backup, out of files that vault-env bundle wrote\n"
    "  --dry-run        tells what --restore would do, and changes nothing\n"
    "  --unfreeze ID    lets a project of protocol v1 that has moved change\n"
    "                   again\n"
    "  --settings       prints every setting with its default\n"
    "  --version        prints the version\n"
    "  --help           prints this\n"
    "See vault.fcgi(8).\n";

#define OPT_CONFIG 'c'
#define OPT_LISTEN 'l'
#define OPT_DRY    'd'
#define OPT_ACTION 256 /* and an enum action */

static const struct option table[] = { { "config", required_argument, NULL,
					   OPT_CONFIG },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "check", no_argument, NULL, OPT_ACTION + ACTION_CHECK },
	{ "rekey", no_argument, NULL, OPT_ACTION + ACTION_REKEY },
	{ "forget-keys", no_argument, NULL, OPT_ACTION + ACTION_FORGET_KEYS },
	{ "check-log", no_argument, NULL, OPT_ACTION + ACTION_CHECK_LOG },
	{ "restore", no_argument, NULL, OPT_ACTION + ACTION_RESTORE },
	{ "dry-run", no_argument, NULL, OPT_DRY },
	{ "unfreeze", required_argument, NULL, OPT_ACTION + ACTION_UNFREEZE },
	{ "settings", no_argument, NULL, OPT_ACTION + ACTION_SETTINGS },
	{ "version", no_argument, NULL, OPT_ACTION + ACTION_VERSION },
	{ "help", no_argument, NULL, OPT_ACTION + ACTION_HELP },
	{ NULL, 0, NULL, 0 } };

bool
options_parse(struct options *o, int argc, char *argv[])
{
	int c;

	*o = (struct options){ .action = ACTION_SERVE };
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == OPT_CONFIG)
			o->config = optarg;
		else if (c == OPT_LISTEN)
			o->listen = optarg;
		else if (c == OPT_DRY)
			o->dry_run = true;
		else if (c >= OPT_ACTION && o->action == ACTION_SERVE)
			o->action = (enum action)(c - OPT_ACTION);
		else if (c == '?' || c - OPT_ACTION != (int)o->action)
			goto bad;
		if (c == OPT_ACTION + ACTION_UNFREEZE)
			o->project = optarg;
	}
	if (o->project != NULL &&
	    !uuid_is_canonical(o->project, strlen(o->project))) {
		fprintf(stderr, "vault.fcgi: %s is not a project's id\n",
		    o->project);
		goto bad;
	}
	if (o->dry_run && o->action != ACTION_RESTORE) {
		fprintf(stderr, "vault.fcgi: --dry-run belongs to --restore\n");
		goto bad;
	}
	if (o->action == ACTION_RESTORE) {
		o->files = argv + optind;
		o->n_files = argc - optind;
		if (o->n_files > 0)
			return true;
		fprintf(stderr, "vault.fcgi: --restore needs a file\n");
		goto bad;
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "vault.fcgi: unexpected argument %s\n", argv[optind]);
bad:
	fputs(usage, stderr);
	return false;
}

bool
options_print(const struct options *o)
{
	switch (o->action) {
	case ACTION_SETTINGS:
		settings_list(stdout);
		return true;
	case ACTION_VERSION:
		puts("vault.fcgi " PACKAGE_VERSION);
		return true;
	case ACTION_HELP:
		fputs(usage, stdout);
		return true;
	default:
		return false;
	}
}
