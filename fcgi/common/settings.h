/* SPDX-License-Identifier: MIT */
/*
 * settings.h: every setting of vault.conf, by one table in settings.c. Adding
 * one: a member here, a row there, etc/vault.conf and vault.fcgi.8;
 * tests/style/settings.t complains when one of them is forgotten.
 * (Not config.h: that is autoconf's.)
 */
#ifndef VAULT_FCGI_COMMON_SETTINGS_H
#define VAULT_FCGI_COMMON_SETTINGS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/why.h"

enum creation { CREATION_OPEN, CREATION_TOKEN, CREATION_CLOSED };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };
enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_ERROR };

/* Texts are never NULL after settings_load(); empty means not set. */
struct settings {
	char *listen;
	char *database;
	char *server_key_file;
	char *url; /* one or more, spaces between; empty: no protocol v2 */
	char *project_creation_token_file;
	char *data_folder; /* empty: free space is not looked at */
	int socket_mode;
	int threads;
	int db_connections;
	int db_timeout_ms;
	int db_group;
	int db_prepare; /* bool */
	int key_cache;
	int project_creation; /* enum creation */
	int project_daily_limit;
	int unclaimed_minutes;
	int max_body;
	int max_environments;
	int max_devices;
	int max_params;
	int project_quota_mib; /* 0: any */
	int min_free_mib;
	int keep_versions; /* 0: all */
	int audit_months;  /* 0: all */
	int log;           /* enum log_target */
	int log_level;     /* enum log_level */
	int stop_timeout_s;
};

/*
 * Defaults, then the file. path NULL: the default file, which may be missing.
 * -1 with a sentence in why, which names file and line where there is one.
 */
int settings_load(struct settings *s, const char *path, char why[WHY_MAX]);
/* The same from memory; name stands for the file in sentences. */
int settings_parse(struct settings *s, const char *name, const char *text,
    size_t len, char why[WHY_MAX]);
void settings_free(struct settings *s);

/* "name = default" a line, in the order of the table. */
void settings_list(FILE *out);

#endif
