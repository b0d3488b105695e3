/* SPDX-License-Identifier: MIT */
/*
 * routes.h: the table of routes, and the one way a request goes through it.
 */
#ifndef VAULT_FCGI_API_ROUTES_H
#define VAULT_FCGI_API_ROUTES_H

#include "api/call.h"

/* Who may call a route; and so what is checked for it, in which order. */
enum route_access {
	ACCESS_PUBLIC,  /* anybody */
	ACCESS_SIGNED,  /* whoever has the vault key */
	ACCESS_DEVICE,  /* and, if the project has devices, is one */
	ACCESS_JOINING, /* v2: who brings the request key */
	ACCESS_MEMBER   /* v2: a device of the project */
};

#define BODY_MAX_BODY 0 /* the setting */
#define BODY_PUSH     1 /* and wraps for max_devices */
#define BODY_WRAPS    2 /* the setting; room for all wraps at least */

/* Whether it goes on when the disk is nearly full. */
enum route_effect { STORES, READS };

struct route {
	const char *method;
	const char *path;
	enum route_access access;
	enum route_effect effect;
	size_t body_cap;             /* bytes, or one of these */
	uint64_t required, optional; /* FIELD_BITs */
	void (*handler)(struct call *c);
};

/* Answers one request and writes its log line. */
void routes_run(struct server *server, const struct request_source *source,
    struct reply *reply);

/* Row i, NULL past the end. */
const struct route *routes_at(size_t i);
uint8_t route_number(const struct route *route);
/* "log/read": the path of one of protocol v2 without what they begin with. */
const char *route_action(const struct route *route);

#endif
