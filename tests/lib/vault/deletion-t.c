/* SPDX-License-Identifier: MIT */
/* deletion-t.c: who may end a project, and how. The vectors have no cases of
 * it. */
#include "config.h"

#include "project.h"
#include "tap.h"

static int
judge(const struct project *p, const struct deletion *d,
    const struct device *author, const struct vault_key *key,
    const char *requester)
{
	struct deletion read;
	struct blob text, bytes;
	int r;

	blob_init(&text, SIZE_MAX);
	blob_init(&bytes, SIZE_MAX);
	if (deletion_sign(&text, d, author, key) != 0)
		abort();
	r = deletion_read(
	    &read, &bytes, (struct text){ (char *)text.data, text.len });
	if (r == 0)
		r = deletion_check(&p->log, &read, requester, P_NOW);
	blob_reset(&text);
	blob_reset(&bytes);
	return r;
}

static struct deletion
deletion_of(const struct project *p)
{
	struct deletion d = { .suite = SUITE_1,
		.log_count = (int64_t)p->log.n_steps,
		.at_ms = P_NOW };

	memcpy(d.project, p->log.project, sizeof(d.project));
	memcpy(d.author, p->devices[0].id, sizeof(d.author));
	memcpy(d.log_hash, p->log.steps[p->log.n_steps - 1].hash, HASH_LEN);
	return d;
}

int
main(void)
{
	struct project *p = project_new(7);
	const struct device *anna = &p->devices[0], *eve = &p->devices[1];
	const struct vault_key *old = &p->keys[0], *key;
	struct deletion d;

	ok(p_rotate(p, anna), "VAULT_KEY was replaced");
	key = &p->keys[1];
	d = deletion_of(p);
	is_int(judge(p, &d, anna, key, anna->id), 0, "an admin may");
	is_int(judge(p, &d, anna, old, anna->id), CODE_LOG_JOIN,
	    "not with an old VAULT_KEY");
	is_int(judge(p, &d, eve, key, anna->id), CODE_LOG_SIGNATURE,
	    "nor does another in its name");
	is_int(judge(p, &d, anna, key, eve->id), CODE_LOG_AUTHOR,
	    "nor ask for it in another's");
	d.at_ms += 60001;
	is_int(judge(p, &d, anna, key, anna->id), CODE_REQUEST_TIME,
	    "nor at another time");
	d = deletion_of(p);
	d.log_count--;
	is_int(judge(p, &d, anna, key, anna->id), CODE_LOG_CHANGED,
	    "nor by an older log");
	d = deletion_of(p);
	d.log_hash[0] ^= 1;
	is_int(judge(p, &d, anna, key, anna->id), CODE_LOG_CHANGED,
	    "nor by another");
	d = deletion_of(p);
	memcpy(d.author, eve->id, sizeof(d.author));
	is_int(judge(p, &d, eve, key, eve->id), CODE_LOG_AUTHOR,
	    "a stranger may not");
	d = deletion_of(p);
	d.project[0] ^= 1;
	is_int(judge(p, &d, anna, key, anna->id), CODE_WRONG_PROJECT,
	    "nor is it for another project");
	project_free(&p);
	return tap_done();
}
