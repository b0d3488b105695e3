/* SPDX-License-Identifier: MIT */
/*
 * poll.c: which version is the newest: no signature is looked at, but what was
 * seen before binds the answer.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "v2/v2.h"

struct answer {
	int64_t version;
	struct json_value hash; /* hex; borrowed */
	int64_t log_count;
	char *updated_at;
};

static int
answer_check(struct vaultenv_client *c, const struct answer *a,
    struct vaultenv_error *err)
{
	const struct team *t = c->team;
	const struct pin *pin = pins_find(&t->pins, c->environment);
	struct finding why = { .version = a->version };
	uint8_t hash[HASH_LEN];
	int code = 0;

	if (hex_decode(hash, HASH_LEN, a->hash.text, a->hash.len) != 0)
		code = CODE_BAD_FORM;
	else if (pin != NULL && a->version < pin->version)
		code = CODE_RECORD_ROLLBACK;
	else if (pin != NULL && a->version == pin->version &&
		 memcmp(hash, pin->hash, HASH_LEN) != 0)
		code = CODE_RECORD_FORK;
	if (code == 0)
		return 0;
	if (pin != NULL)
		why.other_version = pin->version;
	return code_error(
	    c, code, &why, c->environment, pin_file(t, c->environment), err);
}

static int
ask(struct vaultenv_client *c, struct call *call, struct answer *a,
    struct vaultenv_error *err)
{
	static const struct wanted want[] = {
		WANT("version", take_version, offsetof(struct answer, version)),
		WANT("record_hash", take_string, offsetof(struct answer, hash)),
		WANT("log_count", take_version,
		    offsetof(struct answer, log_count)),
		WANT("updated_at", take_text_or_null,
		    offsetof(struct answer, updated_at)),
		WANT_END,
	};

	v2_call_begin_environment(
	    call, c, "secrets/current-version", c->environment);
	v2_put_log_have(call);
	return v2_call_perform(call, want, a, err);
}

int
v2_current_version(struct vaultenv_client *c, int64_t *out_version,
    char **updated_at, struct vaultenv_error *err)
{
	struct answer a = { .version = 0 };
	struct call call;
	int r;

	/* A watch polls: what it has in hand is what it has seen. */
	if ((c->team == NULL || c->team->log.n_steps == 0) &&
	    (r = team_begin(c, err)) != 0)
		return r;
	r = ask(c, &call, &a, err);
	if (r == 0 && (r = answer_check(c, &a, err)) == 0)
		r = team_follow(c, a.log_count, err);
	if (r == VAULTENV_ERR_NO_SECRETS)
		r = 0;
	if (r == 0)
		*out_version = a.version;
	if (r == 0 && updated_at != NULL) {
		*updated_at = a.updated_at;
		a.updated_at = NULL;
	}
	free(a.updated_at);
	call_end(&call);
	return r;
}
