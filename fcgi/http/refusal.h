/* SPDX-License-Identifier: MIT */
/*
 * refusal.h: every reason why a request is not done, by name. What a client
 * and the log are told of each is one row of one table; the rest of the
 * program knows the name alone.
 */
#ifndef VAULT_FCGI_HTTP_REFUSAL_H
#define VAULT_FCGI_HTTP_REFUSAL_H

enum refusal {
	REFUSAL_NONE, /* it was done */
	/* the request itself */
	REFUSAL_ROLE,
	REFUSAL_PARAMS,
	REFUSAL_PATH,
	REFUSAL_METHOD,
	REFUSAL_CONTENT_TYPE,
	REFUSAL_CONTENT_LENGTH,
	REFUSAL_BODY_SIZE,
	REFUSAL_BODY_LENGTH,
	REFUSAL_INVALID_JSON,
	REFUSAL_INPUT_MISSING,
	REFUSAL_INPUT_VALUE,
	REFUSAL_INVALID_VALUE, /* input let it pass, the database did not */
	/* who sends it */
	REFUSAL_NO_AUTH_KEY,
	REFUSAL_SIGNATURE_MISSING,
	REFUSAL_SIGNATURE_FORM,
	REFUSAL_SIGNATURE_TIME,
	REFUSAL_SIGNATURE,
	REFUSAL_SIGNATURE_REUSED,
	REFUSAL_DEVICE_PENDING,
	REFUSAL_DEVICE_REFUSED,
	/* what it asks for */
	REFUSAL_CREATION_TOKEN,
	REFUSAL_CREATION_CLOSED,
	REFUSAL_PROJECT_LIMIT,
	REFUSAL_PROJECT_NOT_FOUND,
	REFUSAL_ENVIRONMENT_NOT_FOUND,
	REFUSAL_NO_SECRETS,
	REFUSAL_VERSION_NOT_FOUND,
	REFUSAL_DEVICE_NOT_FOUND,
	REFUSAL_AUTH_KEY_SET,
	REFUSAL_VERSION_CONFLICT,
	REFUSAL_DEVICE_REVOKED,
	REFUSAL_TOO_MANY_ENVIRONMENTS,
	REFUSAL_TOO_MANY_DEVICES,
	/* this server */
	REFUSAL_MEMORY,
	REFUSAL_INTERNAL,
	REFUSAL_UNAVAILABLE, /* the database */
	REFUSAL_SERVER_KEY_REPLACED,
	REFUSAL_AUTH_KEY_REPLACED, /* the one that we had in memory */
	N_REFUSALS
};

struct refusal_row {
	int status;
	const char *code;     /* for programs; lib/PROTOCOL lists them */
	const char *sentence; /* for people; NULL: whoever refuses gives it */
	const char *guard;    /* for the log: the check that refused */
	const char *member;   /* what it may tell besides; NULL: nothing */
};

extern const struct refusal_row refusals[N_REFUSALS];

#endif
