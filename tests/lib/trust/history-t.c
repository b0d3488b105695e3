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
		r = history_head(
		    &m, &records, env, pins_find(&pins, env), &head, &why);
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

int
main(void)
{
	vectors_run("head", judge);
	return tap_done();
}
