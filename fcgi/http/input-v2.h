/* SPDX-License-Identifier: MIT */
/*
 * input-v2.h: the forms of members that protocol v2 has beside those of v1. For
 * input.c alone.
 */
#ifndef VAULT_FCGI_HTTP_INPUT_V2_H
#define VAULT_FCGI_HTTP_INPUT_V2_H

#include "http/input.h"

/* Base64 of a statement: what is in it is judged behind the MAC. */
bool accept_statement(
    struct input *in, enum field field, const struct json_value *v);
bool
accept_bool(struct input *in, enum field field, const struct json_value *v);
/* [{environment?, key_id?, device_id?, wrap}...] */
bool
accept_wraps(struct input *in, enum field field, const struct json_value *v);
/* {key_id, device_id} */
bool accept_after_wrap(
    struct input *in, enum field field, const struct json_value *v);
/* {at, id} */
bool
accept_before(struct input *in, enum field field, const struct json_value *v);

#endif
