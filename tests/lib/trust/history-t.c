/* SPDX-License-Identifier: MIT */
/* history-t.c: the head that a cut names, by the vectors. What readers refuse
 * is in vault/open-t.c, which has the whole way. */
#include "config.h"

#include "trust/pins.h"
#include "vectors-v2.h"

static void
show(struct json_object *result, const struct head *head)
{
	json_object_object_add(
	    result, "version", json_object_new_int64(head->record->version));
	result_hex(result, "hash", head->record->raw.hash, HASH_LEN);
	json_object_object_add(result, "refused_to_readers",
	    head->refused == 0
		? NULL
		: json_object_new_string(code_name(head->refused)));
}

static int
judge(struct json_object *c, struct json_object *result)
{
	const char *project = vector_str(c, "project_id");
	const struct text heads = vector_text(c, "heads");
	const char *env = vector_str(c, "environment");
	struct finding why = { .seq = 0 };
	struct pins pins = { .n_envs = 0 };
	struct records records = { .n = 0 };
	struct text *log, *texts;
	struct members m;
	struct head head;
	size_t n, n_texts;
	bool other;
	int r = 0;

	log = vector_texts(c, "log", &n);
	texts = vector_texts(c, "records", &n_texts);
	vector_log(&m, project, log, n);
	if (vector_get(c, "heads") != NULL)
		r = pins_read(
		    &pins, project, heads.at, heads.len, false, &other);
	if (r == 0 && (r = pins_check_log(&pins, &m)) == 0 &&
	    (r = records_read(&records, texts, n_texts)) == 0) {
		const struct history_query q = pins_query(&pins, env);

		r = history_head(&m, &records, &q, &head, &why);
		if (r == 0)
			show(result, &head);
		records_reset(&records);
	}
	pins_reset(&pins);
	members_reset(&m);
	free(log);
	free(texts);
	return r;
}

/* The first n records of the honest history by its first n_log entries. */
static int
check(size_t n_log, size_t n, int64_t version, bool cached)
{
	struct json_object *bundle =
	    vector_get(vector_case("bundle", "cold start"), "bundle");
	const struct history_query q = {
		.env = "production", .version = version, .cached = cached
	};
	struct finding why = { .seq = 0 };
	struct records records;
	struct history history;
	struct text *log, *texts;
	struct members m;
	size_t all;
	int r;

	log = vector_texts(bundle, "log", &all);
	texts = vector_texts(bundle, "records", &all);
	vector_log(&m, vector_str(bundle, "project_id"), log, n_log);
	r = records_read(&records, texts, n);
	if (r == 0)
		r = history_check(&m, &records, &q, &history, &why);
	if (r == 0 && version != 0 && history.wanted->version != version)
		r = -1;
	records_reset(&records);
	members_reset(&m);
	free(log);
	free(texts);
	return r;
}

static void
test_edges(void)
{
	is_int(check(5, 2, 0, false), 0, "the newest may be the cut's version");
	is_int(check(5, 2, 0, true), 0, "in a cache, too");
	is_int(check(5, 1, 0, false), CODE_RECORD_ROLLBACK, "not below it");
	is_int(check(5, 1, 0, true), 0, "but in a cache, by a writer of today");
	is_int(check(7, 5, 5, false), 0, "the newest may be asked for");
	is_int(check(7, 5, 1, false), 0, "and the first at hand");
	is_int(check(7, 5, 6, false), CODE_RECORD_MISSING, "not the next");
	is_int(check(6, 5, 0, false), CODE_RECORD_LOG,
	    "no record cites the entry behind the end of the log");
	is_int(check(7, 0, 0, false), CODE_RECORD_MISSING, "there is one");
}

/* By itself, as a server asks for what is pushed. */
static void
test_place(void)
{
	struct json_object *bundle =
	    vector_get(vector_case("bundle", "cold start"), "bundle");
	struct records records;
	struct text *log, *texts;
	struct members m;
	size_t n, n_texts;

	log = vector_texts(bundle, "log", &n);
	texts = vector_texts(bundle, "records", &n_texts);
	vector_log(&m, vector_str(bundle, "project_id"), log, n);
	if (records_read(&records, texts, n_texts) != 0)
		abort();
	is_int(record_check(&m, &records.at[4], "production"), 0, "good");
	is_int(record_check(&m, &records.at[4], "staging"),
	    CODE_WRONG_ENVIRONMENT, "not for another environment");
	m.project[0] ^= 1;
	is_int(record_check(&m, &records.at[4], "production"),
	    CODE_WRONG_PROJECT, "nor for another project");
	records_reset(&records);
	members_reset(&m);
	free(log);
	free(texts);
}

int
main(void)
{
	vectors_run("head", judge);
	test_edges();
	test_place();
	return tap_done();
}
