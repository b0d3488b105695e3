/* SPDX-License-Identifier: MIT */
/*
 * handlers.h: one function a route, called when everything the route's row
 * asks for has been checked. It runs one SQL function and fills the reply.
 */
#ifndef VAULT_FCGI_API_HANDLERS_H
#define VAULT_FCGI_API_HANDLERS_H

struct call;

/* By the setting project_creation. 0, or -1 with the refusal in the reply. */
int project_may_be_created(struct call *c);

void health(struct call *c);
void project_create(struct call *c);
void project_set_key(struct call *c);
void project_freeze(struct call *c);
void device_register(struct call *c);
void device_approve(struct call *c);
void device_list(struct call *c);
void device_revoke(struct call *c);
void secret_push(struct call *c);
void secret_pull(struct call *c);
void secret_current_version(struct call *c);
void secret_versions(struct call *c);
void secret_rollback(struct call *c);

#endif
