/* SPDX-License-Identifier: MIT */
/* policy-t.c: what an entry and a push have to bring with them: the vectors, by
 * a server's rules. */
#include "config.h"

#include "server-rules.h"
#include "vectors-v2.h"

#define LIST_LEN 16

static void
must(int r)
{
	if (r == 0)
		return;
	printf("Bail out! %d\n", r);
	exit(1);
}

static size_t
read_heads(struct json_object *c, struct env_head heads[LIST_LEN])
{
	struct json_object *list = vector_get(c, "heads"), *item;
	const size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n && i < LIST_LEN; i++) {
		item = json_object_array_get_idx(list, i);
		snprintf(heads[i].env, sizeof(heads[i].env), "%s",
		    vector_str(item, "environment"));
		heads[i].version = vector_int(item, "version");
		vector_hex(item, "hash", heads[i].hash, HASH_LEN);
		vector_hex(item, "key_id", heads[i].key_id, HASH_LEN);
	}
	return n;
}

static size_t
read_wraps(struct json_object *c, struct env_key wraps[LIST_LEN])
{
	struct json_object *list = vector_get(c, "wraps"), *item;
	const size_t n = json_object_array_length(list);

	for (size_t i = 0; i < n && i < LIST_LEN; i++) {
		item = json_object_array_get_idx(list, i);
		snprintf(wraps[i].env, sizeof(wraps[i].env), "%s",
		    vector_str(item, "environment"));
		vector_hex(item, "key_id", wraps[i].key_id, HASH_LEN);
	}
	return n;
}

static int
judge_append(struct json_object *c, struct json_object *result)
{
	static struct env_head heads[LIST_LEN];
	static struct env_key wraps[LIST_LEN];
	static struct entry e;
	const size_t n_heads = read_heads(c, heads);
	const size_t n_wraps = read_wraps(c, wraps);
	struct text *log;
	struct members m;
	struct blob bytes;
	size_t n;
	int r;

	blob_init(&bytes, SIZE_MAX);
	log = vector_texts(c, "log", &n);
	vector_log(&m, vector_str(c, "project_id"), log, n);
	if ((r = entry_read(&e, &bytes, vector_text(c, "entry"))) == 0)
		r = append_check(&m, &e, heads, n_heads, wraps, n_wraps);
	if (r == 0) {
		is_int(members_apply(&m, &e, true), 0, "it can be appended");
		json_object_object_add(result, "log_count",
		    json_object_new_int64((int64_t)m.n_steps));
	}
	members_reset(&m);
	blob_reset(&bytes);
	free(log);
	return r;
}

/* A case that is accepted, with one thing changed by `edit`. */
static int
judge_edited(const char *name,
    void (*edit)(struct env_head *heads, struct env_key *wraps))
{
	static struct env_head heads[LIST_LEN];
	static struct env_key wraps[LIST_LEN];
	static struct entry e;
	struct json_object *c = vector_case("append", name);
	const size_t n_heads = read_heads(c, heads);
	const size_t n_wraps = read_wraps(c, wraps);
	struct text *log;
	struct members m;
	struct blob bytes;
	size_t n;
	int r;

	blob_init(&bytes, SIZE_MAX);
	log = vector_texts(c, "log", &n);
	vector_log(&m, vector_str(c, "project_id"), log, n);
	must(entry_read(&e, &bytes, vector_text(c, "entry")));
	edit(heads, wraps);
	r = append_check(&m, &e, heads, n_heads, wraps, n_wraps);
	members_reset(&m);
	blob_reset(&bytes);
	free(log);
	return r;
}

static void
other_env(struct env_head *heads, struct env_key *wraps)
{
	(void)wraps;
	memcpy(heads[1].env, "qa", 3); /* "*" covers it, the cut does not */
}

static void
other_version(struct env_head *heads, struct env_key *wraps)
{
	(void)wraps;
	heads[0].version++;
}

static void
other_hash(struct env_head *heads, struct env_key *wraps)
{
	(void)wraps;
	heads[0].hash[HASH_LEN - 1] ^= 1;
}

static void
other_key(struct env_head *heads, struct env_key *wraps)
{
	(void)heads;
	wraps[0].key_id[HASH_LEN - 1] ^= 1;
}

static void
other_wrap(struct env_head *heads, struct env_key *wraps)
{
	(void)heads;
	memcpy(wraps[0].env, "qa", 3);
}

static void
test_edits(void)
{
	static const char rotation[] = "a rotation";
	static const char admission[] = "an admission";

	is_int(judge_edited(rotation, other_env), CODE_HEADS_CHANGED,
	    "a cut is of the environment that has the version");
	is_int(judge_edited(rotation, other_version), CODE_HEADS_CHANGED,
	    "at its version");
	is_int(judge_edited(rotation, other_hash), CODE_HEADS_CHANGED,
	    "with its hash");
	is_int(judge_edited(admission, other_key), CODE_WRAPS_MISSING,
	    "a wrap is of the newest data key");
	is_int(judge_edited(admission, other_wrap), CODE_WRAPS_MISSING,
	    "of its environment");
}

/* A project with more environments than an entry has cuts cannot rotate. */
static void
test_too_many(void)
{
	static struct env_head heads[LIST_MAX + 1];
	static struct cut_list cuts;
	static struct entry e = { .kind = ENTRY_ROTATE };
	struct members m;

	for (int i = 0; i <= LIST_MAX; i++) {
		snprintf(heads[i].env, sizeof(heads[i].env), "e%03d", i);
		heads[i].version = 1;
	}
	members_init(&m, "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13");
	is_int(policy_cuts(&m, &e, heads, LIST_MAX, &cuts), 0, "100 cuts fit");
	is_int(policy_cuts(&m, &e, heads, LIST_MAX + 1, &cuts),
	    CODE_HEADS_CHANGED, "101 do not");
	members_reset(&m);
}

/* What a server has of an environment: its newest version, and whether a data
 * key was ever used. */
static bool
stored(const struct records *records, const struct record *record,
    struct env_head *head)
{
	const struct record *last = &records->at[records->n - 1];
	bool used = false;

	if (records->n == 0)
		return false;
	*head = (struct env_head){ .version = last->version };
	memcpy(head->hash, last->raw.hash, HASH_LEN);
	memcpy(head->key_id, last->key_id, HASH_LEN);
	for (size_t i = 0; i < records->n; i++)
		used |= memcmp(records->at[i].key_id, record->key_id,
			    HASH_LEN) == 0;
	return used;
}

static int
judge_push(struct json_object *c, struct json_object *result)
{
	struct push push = { .env = vector_str(c, "environment"),
		.requester = vector_str(c, "device_id") };
	char wraps[LIST_LEN][ID_LEN + 1];
	struct text *log, *texts, *ids;
	struct blob bytes, blob;
	struct records records;
	struct record record;
	struct env_head head;
	struct members m;
	size_t n, n_texts;
	int r;

	blob_init(&bytes, SIZE_MAX);
	blob_init(&blob, SIZE_MAX);
	log = vector_texts(c, "log", &n);
	vector_log(&m, vector_str(c, "project_id"), log, n);
	texts = vector_texts(c, "records", &n_texts);
	must(records_read(&records, texts, n_texts));
	ids = vector_texts(c, "wraps", &push.n_wraps);
	for (size_t i = 0; i < push.n_wraps && i < LIST_LEN; i++)
		snprintf(wraps[i], sizeof(wraps[i]), "%s", ids[i].at);
	push.wraps = (const char(*)[ID_LEN + 1]) wraps;
	must(base64_decode(&blob, vector_text(c, "secrets").at,
	    vector_text(c, "secrets").len));
	push.blob = blob.data;
	push.blob_len = blob.len;
	push.record = &record;
	if ((r = record_read(&record, &bytes, vector_text(c, "record"))) == 0) {
		push.key_used = stored(&records, &record, &head);
		push.head = records.n == 0 ? NULL : &head;
		r = push_check(&m, &push);
	}
	if (r == 0)
		json_object_object_add(
		    result, "version", json_object_new_int64(record.version));
	records_reset(&records);
	members_reset(&m);
	blob_reset(&bytes);
	blob_reset(&blob);
	free(log);
	free(texts);
	free(ids);
	return r;
}

int
main(void)
{
	vectors_run("append", judge_append);
	vectors_run("push", judge_push);
	test_edits();
	test_too_many();
	return tap_done();
}
