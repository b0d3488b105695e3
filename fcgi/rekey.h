/* SPDX-License-Identifier: MIT */
/*
 * rekey.h: replaces the server key: vault.fcgi --rekey.
 */
#ifndef VAULT_FCGI_REKEY_H
#define VAULT_FCGI_REKEY_H

#include "common/why.h"

struct settings;

/*
 * Seals every auth key under a new server key and puts that key into
 * server_key_file; the old file is kept beside it. Whenever it is interrupted,
 * running it again finishes. 0 with a report in said, -1 with a sentence.
 */
int rekey(const struct settings *settings, char said[WHY_MAX]);

#endif
