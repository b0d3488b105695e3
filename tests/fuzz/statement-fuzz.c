/* SPDX-License-Identifier: MIT */
/*
 * statement-fuzz.c: whatever a decoder takes, its encoder writes again, byte
 * for byte. Entries that it takes are then put into a log, in their place,
 * without a look at signatures: what the log says of itself stays true.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "trust/policy.h"
#include "wire/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
is_same(const struct signed_bytes *raw, const struct blob *again)
{
	check(again->len == raw->len &&
	      memcmp(again->data, raw->bytes, raw->len) == 0);
}

static void
other_statements(const uint8_t *data, size_t len)
{
	struct registration registration;
	struct deletion deletion;
	struct record record;
	struct blob again;

	blob_init(&again, ENTRY_SIZE_MAX);
	if (record_decode(&record, data, len) == 0) {
		check(record_encode(&again, &record) == 0);
		is_same(&record.raw, &again);
	} else if (registration_decode(&registration, data, len) == 0) {
		check(registration_encode(&again, &registration) == 0);
		is_same(&registration.raw, &again);
	} else if (deletion_decode(&deletion, data, len) == 0) {
		check(deletion_encode(&again, &deletion) == 0);
		is_same(&deletion.raw, &again);
	}
	blob_reset(&again);
}

static void
check_members(const struct members *m)
{
	size_t n_admins = 0;

	for (size_t i = 0; i < m->n_members; i++) {
		const struct member *at = &m->members[i];
		const struct grant *now = member_now(at);

		n_admins += !now->revoked && now->role == ROLE_ADMIN;
		check(members_find(m, at->id) == at);
		check(member_before(at, at->grants[0].seq) == NULL);
		check(member_before(at, (int64_t)m->n_steps) == now);
		check(now->n_envs > 0 && grant_has_env(now, now->envs[0]));
	}
	check(n_admins == m->n_admins && n_admins > 0);
	for (size_t i = 0; i < m->n_marks; i++)
		for (size_t j = 1; j < m->marks[i].n; j++)
			check(
			    m->marks[i].at[j - 1].seq < m->marks[i].at[j].seq &&
			    m->marks[i].at[j - 1].version <=
				m->marks[i].at[j].version);
}

static const char *
an_admin(const struct members *m)
{
	for (size_t i = 0; i < m->n_members; i++)
		if (!member_now(&m->members[i])->revoked &&
		    member_now(&m->members[i])->role == ROLE_ADMIN)
			return m->members[i].id;
	return "00000000-0000-0000-0000-000000000000";
}

/* The entry as the next of this log, by an admin, about a device that fits. */
static void
put_in_place(struct entry *e, const struct members *m)
{
	struct entry next;

	entry_begin(&next, m, (enum entry_kind)e->kind, an_admin(m), e->at_ms);
	memcpy(e->project, m->project, sizeof(e->project));
	e->seq = next.seq;
	memcpy(e->prev, next.prev, HASH_LEN);
	if (e->kind == ENTRY_ROOT || e->kind == ENTRY_ADMIT)
		check(device_id_make(e->device, m->project, e->sign, e->box) ==
		      0);
	memcpy(e->author, e->kind == ENTRY_ROOT ? e->device : next.author,
	    sizeof(e->author));
}

static void
one_entry(struct members *m, const uint8_t *data, size_t len)
{
	static const struct env_head head = { .env = "production",
		.version = 3 };
	static struct cut_list cuts;
	static struct entry e;
	struct blob again;

	if (entry_decode(&e, data, len) != 0)
		return;
	blob_init(&again, ENTRY_SIZE_MAX);
	check(entry_encode(&again, &e) == 0);
	is_same(&e.raw, &again);
	blob_reset(&again);
	put_in_place(&e, m);
	check(policy_cuts(m, &e, &head, 1, &cuts) == 0 && cuts.n <= 1);
	policy_gives(m, &e, head.env);
	if (members_apply(m, &e, false) == 0)
		check_members(m);
}

/* Statements one after the other, each behind its length in two bytes. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct members m;
	size_t n;

	members_init(&m, "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13");
	for (; len >= 2; data += n, len -= n) {
		n = (size_t)data[0] << 8 | data[1];
		data += 2;
		len -= 2;
		n = n < len ? n : len;
		one_entry(&m, data, n);
		other_statements(data, n);
	}
	members_reset(&m);
	return 0;
}
