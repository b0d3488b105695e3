/* SPDX-License-Identifier: MIT */
/*
 * statement-t.c: statements both ways, and what the encoder will not write. The
 * vectors have what decoders refuse (trust/, vault/); here is the rest: sizes,
 * and the statement that they do not have.
 */
#include "config.h"

#include "tap.h"
#include "wire/lp.h"
#include "wire/statement.h"

#define ID "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"

static struct entry entry; /* large */

static struct record
good_record(void)
{
	return (struct record){ .suite = SUITE_1,
		.project = ID,
		.env = "production",
		.version = 2,
		.prev = { 1 },
		.author = ID,
		.at_ms = 5 };
}

static void
set_entry(void)
{
	memset(&entry, 0, sizeof(entry));
	entry.suite = SUITE_1;
	entry.kind = ENTRY_ADMIT;
	memcpy(entry.project, ID, sizeof(entry.project));
	memcpy(entry.author, ID, sizeof(entry.author));
	memcpy(entry.device, ID, sizeof(entry.device));
	memcpy(entry.name, "a", 2);
	entry.scope.role = ROLE_READER;
	entry.scope.envs.n = 1;
	memcpy(entry.scope.envs.at[0], "*", 2);
}

static int
entry_result(void)
{
	struct blob out;
	int r;

	blob_init(&out, ENTRY_SIZE_MAX);
	r = entry_encode(&out, &entry);
	blob_reset(&out);
	return r;
}

static int
record_result(const struct record *r)
{
	struct blob out;
	int result;

	blob_init(&out, SMALL_SIZE_MAX);
	result = record_encode(&out, r);
	blob_reset(&out);
	return result;
}

static void
test_deletion(void)
{
	struct deletion d = { .suite = SUITE_1,
		.project = ID,
		.log_count = 7,
		.log_hash = { 9 },
		.author = ID,
		.at_ms = JSON_INT_MAX };
	struct deletion back;
	struct blob out;

	blob_init(&out, SMALL_SIZE_MAX);
	is_int(deletion_encode(&out, &d), 0, "a deletion is written");
	is_int(deletion_decode(&back, out.data, out.len), CODE_BAD_FORM,
	    "without signatures it is none");
	if (blob_reserve(&out, 128) != 0)
		abort();
	out.len += 128;
	is_int(deletion_decode(&back, out.data, out.len), 0, "with two it is");
	ok(back.log_count == 7 && back.at_ms == JSON_INT_MAX &&
		memcmp(back.log_hash, d.log_hash, HASH_LEN) == 0 &&
		back.raw.signatures == out.data + out.len - 128,
	    "as it was written");
	is_int(deletion_decode(&back, out.data, out.len - 1), CODE_BAD_FORM,
	    "not with a byte less");
	blob_reset(&out);
}

static void
test_record_form(void)
{
	struct record r = good_record();

	is_int(record_result(&r), 0, "a good record is written");
	r.version = 0;
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "not of version 0");
	r = good_record();
	r.version = 1;
	is_int(record_result(&r), VAULTENV_ERR_INVALID,
	    "not the first with one before it");
	r = good_record();
	r.op = OP_ROLLBACK;
	is_int(
	    record_result(&r), VAULTENV_ERR_INVALID, "no rollback to nothing");
	r.of = 2;
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "nor to itself");
	r.of = 1;
	is_int(record_result(&r), 0, "but to what is before it");
	r.at_ms = JSON_INT_MAX + 1;
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "no number of 2^53");
	r = good_record();
	r.suite = 2;
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "no other suite");
	memcpy(r.env, "a/b", 4);
	r.suite = SUITE_1;
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "no bad name");
	memset(r.env, 'a', sizeof(r.env));
	is_int(record_result(&r), VAULTENV_ERR_INVALID, "none without an end");
}

static void
test_entry_form(void)
{
	set_entry();
	is_int(entry_result(), 0, "an admission is written");
	memcpy(entry.name, "a\nb", 4);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "not with a line break");
	set_entry();
	entry.scope.envs.n = 0;
	is_int(
	    entry_result(), VAULTENV_ERR_INVALID, "nor without environments");
	entry.scope.envs.n = 2;
	memcpy(entry.scope.envs.at[1], "a", 2);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "nor with * and another");
	memcpy(entry.scope.envs.at[0], "a", 2);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "nor with one twice");
	memcpy(entry.scope.envs.at[1], "b", 2);
	is_int(entry_result(), 0, "but with two");
	entry.kind = 6;
	is_int(entry_result(), VAULTENV_ERR_INVALID, "no other kind");
	set_entry();
	entry.kind = ENTRY_REVOKE;
	entry.cuts.n = 1;
	memcpy(entry.cuts.at[0].env, "a", 2);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "no cut of version 0");
	entry.cuts.at[0].version = 1;
	is_int(entry_result(), 0, "but of 1");
	entry.cuts.n = LIST_MAX + 1;
	is_int(entry_result(), VAULTENV_ERR_INVALID, "not 101 of them");
}

static void
test_cuts(void)
{
	set_entry();
	entry.kind = ENTRY_REVOKE;
	entry.cuts.n = 2;
	entry.cuts.at[0].version = entry.cuts.at[1].version = 1;
	memcpy(entry.cuts.at[0].env, "a", 2);
	memcpy(entry.cuts.at[1].env, "b", 2);
	is_int(entry_result(), 0, "two cuts in order");
	memcpy(entry.cuts.at[1].env, "a", 2);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "not one twice");
	memcpy(entry.cuts.at[0].env, "b", 2);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "nor out of order");
	memcpy(entry.cuts.at[0].env, "", 1);
	is_int(entry_result(), VAULTENV_ERR_INVALID, "nor of no name");
}

/* Too short for its signatures, or longer than any may be. */
static void
test_sizes(void)
{
	static const uint8_t data[ENTRY_SIZE_MAX + 1];
	struct record r;

	for (size_t len = 0; len <= 64; len += 32)
		is_int(record_decode(&r, data, len), CODE_BAD_FORM,
		    "no record in so few bytes");
	is_int(record_decode(&r, data, SMALL_SIZE_MAX + 1), CODE_BAD_FORM,
	    "nor in so many");
	for (size_t len = 0; len <= 128; len += 64)
		is_int(entry_decode(&entry, data, len), CODE_BAD_FORM,
		    "no entry in so few bytes");
	is_int(entry_decode(&entry, data, sizeof(data)), CODE_BAD_FORM,
	    "nor in so many");
}

/* 100 cuts and the longest names: what an entry can hold is far below its cap.
 */
static void
test_largest(void)
{
	struct blob out;

	set_entry();
	entry.kind = ENTRY_CHANGE;
	entry.scope.envs.n = entry.cuts.n = LIST_MAX;
	for (int i = 0; i < LIST_MAX; i++) {
		memset(entry.cuts.at[i].env, 'a', ENV_LEN_MAX);
		entry.cuts.at[i].env[0] = (char)('A' + i / 10);
		entry.cuts.at[i].env[1] = (char)('0' + i % 10);
		entry.cuts.at[i].version = JSON_INT_MAX;
		memcpy(entry.scope.envs.at[i], entry.cuts.at[i].env,
		    ENV_LEN_MAX + 1);
	}
	blob_init(&out, SIZE_MAX);
	is_int(entry_encode(&out, &entry), 0, "the largest entry is written");
	ok(out.len + 128 < ENTRY_SIZE_MAX / 2, "in %zu bytes", out.len);
	blob_reset(&out);
}

int
main(void)
{
	test_deletion();
	test_record_form();
	test_entry_form();
	test_cuts();
	test_sizes();
	test_largest();
	return tap_done();
}
