/* SPDX-License-Identifier: MIT */
/*
 * operator.h: what the operator asks of vault.fcgi on the command line beside
 * answering requests. Each connects as the role vault_rekey, whose functions
 * the service may not call.
 */
#ifndef VAULT_FCGI_OPERATOR_OPERATOR_H
#define VAULT_FCGI_OPERATOR_OPERATOR_H

#include <stdbool.h>
#include <stdio.h>

#include "common/why.h"

struct settings;

/*
 * Seals every auth key under a new server key and puts that key into
 * server_key_file; the old file is kept beside it. Whenever it is interrupted,
 * running it again finishes. 0 with a report in said, -1 with a sentence.
 */
int rekey(const struct settings *settings, char said[WHY_MAX]);

/* Removes every request key, for the server key that opened them was lost;
 * clients register again by themselves. Likewise. */
int forget_keys(const struct settings *settings, char said[WHY_MAX]);

/* Lets a project of protocol v1 change again. project: a UUID. Likewise. */
int unfreeze(
    const struct settings *settings, const char *project, char said[WHY_MAX]);

/* Verifies each v2 project's log and records, and holds the tables against
 * them: a line in out for each difference. Likewise; -1 also if there is one.
 */
int check_log(const struct settings *settings, FILE *out, char said[WHY_MAX]);

/*
 * Brings v2 projects up to date after an old backup was put in place, out of
 * files of `vault-env bundle --all`, which are verified. What it did is told in
 * out, project by project. dry_run: all of it is done, told and undone.
 * Likewise.
 */
int restore(const struct settings *settings, char *const *files, int n_files,
    bool dry_run, FILE *out, char said[WHY_MAX]);

#endif
