/* SPDX-License-Identifier: MIT */
/*
 * Every blob that the reference client of protocol v1 made, pulled from end to
 * end and compared with its plaintext as json-c reads it. The public header
 * only: what works here works for any program.
 */
#include "config.h"

#include "fake.h"
#include "vectors.h"

static struct fake fake;

static void
test_vectors(void)
{
	struct json_object *all = vectors_load("decrypt");
	size_t n = json_object_array_length(all);
	struct vaultenv_client *c;
	struct vaultenv_list *list;
	struct vaultenv_error err;
	char *reply;
	int64_t version;

	ok(n >= 9, "there are vectors");
	for (size_t i = 0; i < n; i++) {
		struct json_object *want =
		    json_tokener_parse(vector_text(all, i, "plaintext_json"));
		const struct vaultenv_pair *pair;
		bool same = true;
		size_t k = 0;

		if (asprintf(&reply, "{\"secrets\":\"%s\",\"version\":%zu}",
			vector_text(all, i, "blob_base64"), i + 1) < 0)
			exit(1);
		fake_answer(&fake, 200, reply);
		c = fake_client(&fake, vector_text(all, i, "device_secret"));
		list = NULL;
		version = 0;
		is_int(vaultenv_secrets_pull(c, 0, &list, &version, &err), 0,
		    "a blob of the reference client is pulled");
		is_int(version, (intmax_t)i + 1, "with its version");
		json_object_object_foreach(want, name, value)
		{
			const char *text = json_object_to_json_string_ext(
			    value, JSON_C_TO_STRING_PLAIN |
				       JSON_C_TO_STRING_NOSLASHESCAPE);
			size_t len;

			if (json_object_is_type(value, json_type_string))
				text = json_object_get_string(value);
			len = strlen(text);
			pair = vaultenv_list_at(list, k++);
			same = same && pair != NULL &&
			       strcmp(pair->name, name) == 0 &&
			       pair->value_len == len &&
			       memcmp(pair->value, text, len) == 0;
		}
		ok(same && vaultenv_list_len(list) == k,
		    "vector %zu: the same %zu names and values in order", i, k);
		vaultenv_list_free(&list);
		vaultenv_client_free(&c);
		free(reply);
		json_object_put(want);
	}
	json_object_put(all);
}

int
main(void)
{
	char home[64];

	fake_home(home);
	test_vectors();
	fake_reset(&fake);
	fake_home_remove(home);
	return tap_done();
}
