/* SPDX-License-Identifier: MIT */
/* pins-t.c: the file of pins, by the vectors; what raises and lowers a pin. */
#include "config.h"

#include "trust/pins.h"
#include "vectors-v2.h"

#define PROJECT "6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d13"

static struct json_object *
shown(const struct pin *pin)
{
	char hex[2 * HASH_LEN + 1], text[128];

	hex_encode(hex, pin->hash, HASH_LEN);
	snprintf(text, sizeof(text), "%" PRId64 " %s", pin->version, hex);
	return json_object_new_string(text);
}

static int
judge(struct json_object *c, struct json_object *result)
{
	const struct text file = vector_text(c, "file");
	struct json_object *envs = json_object_new_object();
	struct pins pins = { .n_envs = 0 };
	bool other;
	int r;

	r = pins_read(&pins, vector_str(c, "project_id"), file.at, file.len,
	    !vector_int(c, "own"), &other);
	json_object_object_add(
	    result, "log", pins.has_log ? shown(&pins.log) : NULL);
	for (size_t i = 0; i < pins.n_envs; i++)
		json_object_object_add(
		    envs, pins.envs[i].env, shown(&pins.envs[i].pin));
	json_object_object_add(result, "envs", envs);
	pins_reset(&pins);
	return r;
}

static struct pin
pin(int64_t version, uint8_t mark)
{
	return (struct pin){ .version = version, .hash = { mark } };
}

static void
test_raising(void)
{
	const struct pin one = pin(1, 1), two = pin(2, 2), fork = pin(2, 3);
	const struct pin none = pin(0, 0);
	struct pin shared = two;
	struct pins pins = { .n_envs = 0 }, back = { .n_envs = 0 };
	struct blob text;
	bool other;

	blob_init(&text, 4096);
	is_int(pins_write(&text, PROJECT, &pins), VAULTENV_ERR_INVALID,
	    "without a pin of the log there is no file");
	ok(pins_raise_log(&pins, &two) == 0 &&
		pins_raise_log(&pins, &one) == 0 && pins.log.version == 2,
	    "a pin of the log is never lowered");
	is_int(pins_raise_log(&pins, &fork), CODE_LOG_FORK,
	    "nor taken for another");
	ok(pins_raise(&pins, "b", &two) == 0 &&
		pins_raise(&pins, "a", &one) == 0 &&
		pins_raise(&pins, "c", &one) == 0 &&
		pins_raise(&pins, "b", &one) == 0 &&
		pins_find(&pins, "b")->version == 2,
	    "nor is one of an environment");
	is_int(pins_raise(&pins, "b", &fork), CODE_RECORD_FORK, "likewise");
	ok(pins_find(&pins, "d") == NULL, "an environment never seen has none");
	shared.shared = true;
	ok(pins_raise(&pins, "a", &shared) == 0 &&
		pins_find(&pins, "a")->version == 2 &&
		pins_own(&pins, "a")->version == 1,
	    "what another has seen does not take the place of the own one");
	ok(pins_raise(&pins, "a", &two) == 0 &&
		pins_own(&pins, "a")->version == 2,
	    "... until it was seen here, too");
	is_int(pins_write(&text, PROJECT, &pins), 0, "they are written");
	is_int(pins_read(
		   &back, PROJECT, (char *)text.data, text.len, false, &other),
	    0, "and read");
	ok(back.n_envs == 3 && strcmp(back.envs[0].env, "a") == 0 &&
		back.log.version == 2 && !other,
	    "by name, as they were");
	ok(pins_set(&pins, "b", &one) == 0 &&
		pins_find(&pins, "b")->version == 1,
	    "who accepts a loss lowers one");
	ok(pins_set(&pins, "b", &none) == 0 && pins.n_envs == 2 &&
		pins_find(&pins, "b") == NULL && pins_find(&pins, "c") != NULL,
	    "or takes it away");
	pins_reset(&pins);
	pins_reset(&back);
	blob_reset(&text);
}

#define HASH "8f4557ed00e9b28918ef5394fda6d5bca3c740ee141ce97df60fc2b112e04e04"

/* Behind a good beginning, in a file that comes with a folder. */
static void
test_forms(void)
{
	static const char good[] =
	    "vault-heads-v2 " PROJECT "\nlog 6 " HASH "\n";
	static const char *const lines[] = { "log 06 " HASH, "log 7",
		"log 7 " HASH " ", "foo production 4 " HASH, "env a/b 4 " HASH,
		"env production 0 " HASH, "env production 4", "env", "",
		"vault-heads-v2 6f1c9a52-3b7e-4d0a-9c41-8e2f5a7b0d14" };
	static const char *const firsts[] = { "vault-heads-v1 " PROJECT,
		"vault-heads-v2 6f1c9a52", "vault-heads-v2", "" };
	struct pins pins = { .n_envs = 0 };
	char text[512];
	bool other;

	is_int(pins_read(&pins, PROJECT, good, strlen(good), true, &other), 0,
	    "a good file");
	pins_reset(&pins);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(text, sizeof(text), "%s%s\n", good, lines[i]);
		is_int(
		    pins_read(&pins, PROJECT, text, strlen(text), true, &other),
		    CODE_HEADS_FORM, lines[i]);
		pins_reset(&pins);
	}
	for (size_t i = 0; i < sizeof(firsts) / sizeof(*firsts); i++) {
		snprintf(text, sizeof(text), "%s\nlog 6 " HASH "\n", firsts[i]);
		is_int(
		    pins_read(&pins, PROJECT, text, strlen(text), true, &other),
		    CODE_HEADS_FORM, firsts[i]);
		pins_reset(&pins);
	}
}

/* They come with a folder, from anybody, in any order: what is sorted in has to
 * have an end. */
static void
test_environments_end(void)
{
	struct pins pins = { .n_envs = 0 };
	struct blob text;
	bool other;

	blob_init(&text, 65536);
	(void)blob_append_str(
	    &text, "vault-heads-v2 " PROJECT "\nlog 6 " HASH "\n");
	for (int i = LIST_MAX; i > 0; i--)
		(void)blob_printf(&text, "env e%03d 4 " HASH "\n", i);
	is_int(pins_read(
		   &pins, PROJECT, (char *)text.data, text.len, true, &other),
	    0, "as many environments as a project can have");
	is_int(pins.n_envs, LIST_MAX, "all of them");
	pins_reset(&pins);
	(void)blob_append_str(&text, "env e000 4 " HASH "\n");
	is_int(pins_read(
		   &pins, PROJECT, (char *)text.data, text.len, true, &other),
	    CODE_HEADS_FORM, "one more");
	pins_reset(&pins);
	blob_reset(&text);
}

int
main(void)
{
	vectors_run("heads", judge);
	test_forms();
	test_environments_end();
	test_raising();
	return tap_done();
}
