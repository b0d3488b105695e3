/* SPDX-License-Identifier: MIT */
/*
 * secrets.h: what the commands that show or change secrets do the same way.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include <stdbool.h>

#include <vaultenv.h>

#include "cmd.h"
#include "text.h"

#define MASK "********"

/* One version of an environment, and the session it came by. */
struct fetched {
	struct vaultenv_client *client;
	const char *environment; /* the client's */
	struct vaultenv_list *list;
	int64_t version;
};

/*
 * Opens a session, unless out has one, and pulls; version 0: the newest. Prints
 * the error. An exit code; fetched_free() in any case.
 */
int
secrets_fetch(const struct args *args, int64_t version, struct fetched *out);
void fetched_free(struct fetched *f);

/*
 * Whoever can push could otherwise change the key or server of a reader: takes
 * reserved names out, with a warning each. An enum vaultenv_status.
 */
int secrets_drop_reserved(struct vaultenv_list *list);

/* Is there any name but reserved ones? */
bool secrets_are_there(const struct vaultenv_list *list);

/* Fills in err, and returns its code: the environment has no such secret. */
int secrets_lack(
    const char *environment, const char *name, struct vaultenv_error *err);

/* Every value that is not empty becomes MASK. An enum vaultenv_status. */
int secrets_mask(struct vaultenv_list *list);

/* {"environment":…,"version":…,"secrets":{…}}; an exit code. */
int secrets_json(
    const char *environment, int64_t version, const struct vaultenv_list *list);

/* After masked values, unless --quiet. */
void secrets_hidden_hint(const struct args *args, const char *other);

/* "+ NAME" lines; with --json nothing. */
void change_show(const struct args *args, const struct vaultenv_change *change);
void changes_show(
    const struct args *args, const struct vaultenv_change *changes, size_t n);
void change_mark(char mark); /* "+ " in its colour */

/* The version alone. */
void pushed_say(const struct args *args, const char *environment,
    const struct vaultenv_changed *changed);
/* What came of a change: the names, and the version; or as JSON. */
void changed_tell(const struct args *args, const char *environment,
    const struct vaultenv_changed *changed);

/* {"NAME":"value",...}, by text_json(). */
void text_json_object(struct text *text, const struct vaultenv_list *list);

#endif
