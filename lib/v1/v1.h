/* SPDX-License-Identifier: MIT */
/*
 * v1/: a client of protocol v1 (lib/PROTOCOL). The rows of protocol_v1 are
 * functions of this room; nobody else calls them. Must use no cryptography but
 * by way of vault/, and wire/ for the signature.
 */
#ifndef VAULTENV_V1_H
#define VAULTENV_V1_H

#include "client/client.h"

/* ---- call.c: one call ---- */

/* Signed, with project_id. */
void v1_call_begin_signed(
    struct call *call, struct vaultenv_client *client, const char *path);
/* The same with environment, for all of secrets/. */
void v1_call_begin_environment(
    struct call *call, struct vaultenv_client *client, const char *path);
/* Sends it and fills into with what is wanted (see members_take). */
int v1_call_perform(struct call *call, const struct wanted *want, void *into,
    struct vaultenv_error *err);
/* The same where the version that was made is all of the reply. out: or
 * NULL. */
int v1_call_perform_version(
    struct call *call, int64_t *out, struct vaultenv_error *err);

/* ---- secrets.c: versions, pulled and opened ---- */

/* Nothing is ever stale: v1 cannot tell. */
int v1_pull(struct vaultenv_client *client, int64_t number, bool take_stale,
    struct version *v, struct vaultenv_error *err);
bool v1_is_unusable(const struct vaultenv_error *why);
/* v->list from v->text. DECRYPT, PROTOCOL. */
int v1_open(const struct vaultenv_client *client, struct version *v,
    struct vaultenv_error *err);
int v1_push(struct vaultenv_client *client, const struct next_version *next,
    int64_t *out_version, struct vaultenv_error *err);

/* ---- versions.c ---- */

int v1_current_version(struct vaultenv_client *client, int64_t *out_version,
    char **updated_at, struct vaultenv_error *err);
int v1_versions(struct vaultenv_client *client, struct vaultenv_versions **out,
    struct vaultenv_error *err);
int v1_rollback(struct vaultenv_client *client, int64_t version,
    int64_t *out_version, struct vaultenv_error *err);

/* ---- devices.c ---- */

/* DEVICE: there is no device secret, and what is encrypted by the vault key
 * alone can be read by everybody who has that. A client without a project is
 * refused by the call. */
int v1_check_device(
    const struct vaultenv_client *client, struct vaultenv_error *err);
int v1_device_register(struct vaultenv_client *client, const char *name,
    struct vaultenv_device **device, struct vaultenv_error *err);
int v1_device_approve(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err);
int v1_device_revoke(
    struct vaultenv_client *client, const char *id, struct vaultenv_error *err);
int v1_device_list(struct vaultenv_client *client,
    struct vaultenv_devices **out, struct vaultenv_error *err);

/* ---- cache.c: for a program ---- */

int v1_fetch(struct vaultenv_client *client, const struct fetch *how,
    struct version *v, struct vaultenv_error *err);
int v1_cached(struct vaultenv_client *client, const struct cache_use *use,
    struct version *v, int64_t *age_s, struct vaultenv_error *err);

/* ---- jump.c ---- */

/* UNTRUSTED: `got` follows `known` (0: none) over versions that the server's
 * history does not have. */
int v1_jump_check(struct vaultenv_client *client, int64_t known, int64_t got,
    struct vaultenv_error *err);

#endif
