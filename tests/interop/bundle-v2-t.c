/* SPDX-License-Identifier: MIT */
/*
 * bundle-v2-t.c: library and reference implementation (reference.py) open each
 * other's fresh projects: what one makes, the other opens or refuses with the
 * same code.
 */
#include "config.h"

#include <sys/wait.h>
#include <unistd.h>

#include "judge-open.h"
#include "project.h"

#define LIVES 4
#define STEPS 150

static char dir[] = "/tmp/vt-v2-XXXXXX";

/* Its standard output goes to path, if that is not NULL. Returns its status. */
static int
python(const char *command, const char *argument, const char *path)
{
	const char *src = getenv("TOP_SRCDIR");
	char script[4096];
	int status;
	pid_t pid;

	snprintf(script, sizeof(script), "%s/tests/interop/fresh.py",
	    src != NULL ? src : ".");
	fflush(stdout);
	if ((pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		if (path != NULL && freopen(path, "w", stdout) == NULL)
			_exit(126);
		execlp("python3", "python3", "-B", script, command, argument,
		    (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void
in_dir(char path[128], const char *name)
{
	snprintf(path, 128, "%s/%s", dir, name);
}

/* ---- what Python made ---- */

static void
test_theirs(void)
{
	char path[128];

	in_dir(path, "theirs.json");
	is_int(python("make", NULL, path), 0, "Python makes a fresh project");
	vectors_open_file(path);
	vectors_run("bundle", judge_bundle);
	vectors_run("cache", judge_cache);
	json_object_put(vectors_v2);
	vectors_v2 = NULL;
	unlink(path);
}

/* ---- what we make ---- */

static void
add_str(struct json_object *c, const char *name, const char *value)
{
	json_object_object_add(
	    c, name, value == NULL ? NULL : json_object_new_string(value));
}

/* As the vectors have it, without our verdict. */
static struct json_object *
case_of(const struct project *p, const struct p_env *e, size_t pin,
    size_t wanted, const struct device *d)
{
	struct json_object *c = json_object_new_object();
	char key[VAULT_KEY_V2_LEN + 1], secret[2 * KEY_LEN + 1], name[128];
	struct blob json, heads;
	struct pins pins;

	blob_init(&json, SIZE_MAX);
	blob_init(&heads, SIZE_MAX);
	vault_key_write(key, &p->keys[p->n_keys - 1]);
	hex_encode(secret, d->secret, KEY_LEN);
	project_bundle(p, e, wanted < pin ? wanted : pin, e->n, wanted, &json);
	project_pins(p, e, pin, &pins);
	if (pins_write(&heads, p->log.project, &pins) != 0)
		abort();
	snprintf(name, sizeof(name), "%s %zu from %zu for %.8s", e->name,
	    wanted, pin, d->id);
	add_str(c, "kind", "bundle");
	add_str(c, "name", name);
	add_str(c, "vault_key", key);
	add_str(c, "device_secret", secret);
	add_str(c, "environment", e->name);
	add_str(c, "heads", (char *)heads.data);
	json_object_object_add(c, "now", json_object_new_int64(P_NOW));
	json_object_object_add(
	    c, "version", json_object_new_int64((int64_t)wanted));
	json_object_object_add(
	    c, "bundle", json_tokener_parse((char *)json.data));
	pins_reset(&pins);
	blob_reset(&json);
	blob_reset(&heads);
	return c;
}

/* Our verdict is what Python is to agree with. */
static void
add_case(struct json_object *cases, struct json_object *c, int *n_good)
{
	struct json_object *result = json_object_new_object();
	const int code = judge_bundle(c, result);

	if (code < 0)
		ok(false, "an opening failed: %d", code);
	*n_good += code == 0;
	add_str(c, "refuse", code == 0 ? NULL : code_name(code));
	json_object_object_add(c, "result", code == 0 ? result : NULL);
	if (code != 0)
		json_object_put(result);
	json_object_array_add(cases, c);
}

static void
test_ours(void)
{
	struct json_object *all = json_object_new_object();
	struct json_object *cases = json_object_new_array();
	const uint64_t first = (uint64_t)getpid();
	char path[128];
	int n_good = 0;

	printf("# seeds from %" PRIu64 "\n", first);
	for (uint64_t seed = 0; seed < LIVES; seed++) {
		struct project *p = project_new(first + seed);

		for (int i = 0; i < STEPS; i++)
			project_step(p);
		for (int i = 0; i < 30; i++) {
			struct p_env *e = &p->envs[project_choose(p, P_ENVS)];

			if (e->n > 0)
				add_case(cases,
				    case_of(p, e, 1 + project_choose(p, e->n),
					1 + project_choose(p, e->n),
					&p->devices[project_choose(
					    p, P_DEVICES)]),
				    &n_good);
		}
		project_free(&p);
	}
	json_object_object_add(all, "strings", json_object_new_array());
	json_object_object_add(all, "cases", cases);
	in_dir(path, "ours.json");
	is_int(json_object_to_file(path, all), 0, "we make fresh projects");
	ok(n_good > 0, "%d of %zu open", n_good,
	    json_object_array_length(cases));
	is_int(python("check", path, NULL), 0, "Python agrees");
	json_object_put(all);
	unlink(path);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	/* Python alone is no reason to skip. */
	if (system("python3 -c 'import cryptography'") != 0 &&
	    getenv("VAULT_NO_SKIP") == NULL) {
		printf("1..0 # SKIP python3-cryptography is missing\n");
		rmdir(dir);
		return 0;
	}
	test_theirs();
	test_ours();
	rmdir(dir);
	return tap_done();
}
