/* SPDX-License-Identifier: MIT */
/*
 * code.h: the codes of protocol v2, one for each reason to refuse. What judges
 * returns 0 (good), a code (refused), or a negative enum vaultenv_status (could
 * not be judged: NOMEM, CRYPTO).
 *
 * What a user reads of a code depends on who judged:
 * - this machine: the code's text and hint in code.c, by code_error()
 *   (v2/sentence.c);
 * - the server, of what it was sent: its sentence (fcgi/http/refusal.c), as the
 *   first row of client/refusal.c that fits shows it, by refuse() of
 *   v2/call.c. Where this machine knows more than the server says (when
 *   its access ended, what the log proves), refused() there says that instead.
 * A code that only a server finds has no text in code.c.
 *
 * To add one [what complains if a step was forgotten]:
 *  1. its enumerator here and its row in code.c [tests/lib/wire/code-t];
 *  2. what a caller may do about it: status_of() of v2/sentence.c, the
 *     three lists of what is no end, is_unusable, hides_only and is_race of
 *     lib/v2/ [nobody];
 *  3. its place in lib/PROTOCOL-v2: where it is found, and its kind in 11
 *     [tests/style/protocol.t: that it is named];
 *  4. the attack that it catches: see tests/evil/evil.py; if it has a text, a
 *     test of cli/, evil/ or team/ [tests/style/protocol.t].
 */
#ifndef WIRE_CODE_H
#define WIRE_CODE_H

#include "base/base.h"

enum code {
	CODE_GOOD = 0,
	/* the keys that this machine was given */
	CODE_KEY_FORM,
	CODE_KEY_UNKNOWN,
	CODE_KEY_REPLACED,
	/* statements */
	CODE_BAD_FORM,
	CODE_BAD_KIND,
	CODE_BAD_SUITE,
	CODE_WRONG_PROJECT,
	CODE_WRONG_ENVIRONMENT,
	/* the log */
	CODE_LOG_SHORT,
	CODE_LOG_GAP,
	CODE_LOG_LINK,
	CODE_LOG_FORK,
	CODE_LOG_ANCHOR,
	CODE_LOG_ROOT,
	CODE_LOG_AUTHOR,
	CODE_LOG_SIGNATURE,
	CODE_LOG_JOIN,
	CODE_LOG_SCOPE,
	CODE_LOG_DEVICE_ID,
	CODE_LOG_DEVICE_KNOWN,
	CODE_LOG_DEVICE_UNKNOWN,
	CODE_LOG_LAST_ADMIN,
	CODE_LOG_CUT,
	CODE_LOG_ROTATE,
	/* this device */
	CODE_DEVICE_MISSING,
	CODE_DEVICE_UNKNOWN,
	CODE_DEVICE_REVOKED,
	CODE_DEVICE_EXPIRED,
	CODE_DEVICE_SCOPE,
	/* records */
	CODE_RECORD_MISSING,
	CODE_RECORD_LINK,
	CODE_RECORD_ROLLBACK,
	CODE_RECORD_FORK,
	CODE_RECORD_CUT,
	CODE_RECORD_LOG,
	CODE_RECORD_AUTHOR,
	CODE_RECORD_SIGNATURE,
	CODE_RECORD_KEY,
	CODE_RECORD_STALE,
	/* what they lead to */
	CODE_BLOB_HASH,
	CODE_BLOB_OPEN,
	CODE_BLOB_JSON,
	CODE_WRAP_MISSING,
	CODE_WRAP_OPEN,
	CODE_LOW_ORDER,
	CODE_KEY_COMMITMENT,
	/* files */
	CODE_HEADS_FORM,
	CODE_CACHE_FORM,
	CODE_CACHE_MAC,
	CODE_CACHE_AGE,
	CODE_CACHE_ANCHOR,
	CODE_CACHE_HEADS,
	/* requests, replies, registrations */
	CODE_REPLY_MAC,
	/* from here on, what a server says of what it was sent */
	CODE_OF_SERVER,
	CODE_REGISTER_DEVICE_ID = CODE_OF_SERVER,
	CODE_REGISTER_URL,
	CODE_REGISTER_TIME,
	CODE_REGISTER_REQUEST_KEY,
	CODE_REGISTER_SIGNATURE,
	CODE_REGISTER_JOIN,
	CODE_REQUEST_FORM,
	CODE_REQUEST_KEY_UNKNOWN,
	CODE_REQUEST_MAC,
	CODE_REQUEST_TIME,
	CODE_VAULT_KEY_REPLACED,
	/* a write that came too late */
	CODE_VERSION_CONFLICT,
	CODE_LOG_CHANGED,
	CODE_HEADS_CHANGED,
	CODE_READERS_CHANGED,
	CODE_WRAPS_MISSING,
	CODE_N
};

enum code_kind {
	CODE_EVERYDAY, /* an everyday cause: it ends with what to do */
	CODE_AWAY,     /* as if the server could not be reached */
	CODE_TAMPERED  /* not what a device of this project signed */
};

/* What the sentence is about, filled in as far as it is known; else zero. */
struct finding {
	int64_t seq;           /* of the log entry */
	int64_t version;       /* of the record; the first that is missing */
	int64_t other_version; /* the one it collides with; the last missing */
	int64_t at_ms;         /* when it was done */
	char device[36 + 1];   /* the id of who did it */
	char env[64 + 1];      /* that was given; "": not known */
	bool is_own; /* what this machine has seen itself, whoever else did */
	const char *limit; /* what sets an age in other_version; NULL */
};

/* All live for ever. A code's name is its enumerator's, in lower case. */
const char *code_name(int code);
enum code_kind code_kind(int code);
/* 0: no such code. */
int code_find(const char *name, size_t len);

/* One {name} of a sentence and what stands there. */
struct code_fill {
	const char *name;
	const char *value;
};

/* Append a code's text (without one: its name), and its hint, which may be
 * empty, with every {name} filled in; one that fills does not have stays. */
int code_text(
    struct blob *out, int code, const struct code_fill *fills, size_t n_fills);
int code_hint(
    struct blob *out, int code, const struct code_fill *fills, size_t n_fills);

#endif
