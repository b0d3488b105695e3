/* SPDX-License-Identifier: MIT */
/*
 * A change of secrets against a server in a callback that keeps its versions:
 * what is pushed on which base, what is merged, what is refused, and what
 * happens when somebody is faster.
 */
#include "config.h"

#include "client/client.h"
#include "env/env.h"
#include "fake.h"

#define VERSIONS_MAX 16

/* An environment on a server. */
static struct vault {
	char *text[VERSIONS_MAX]; /* [n]: version n, sealed */
	int n;
	int n_pushes; /* that were tried */
	int first;    /* somebody pushes before the next so many pushes */
	int64_t gone; /* versions up to this one are not kept any more */
	char notice[VAULTENV_ERROR_TEXT];
	struct vaultenv_client *client;
} vault;

static int64_t
member(const char *body, const char *name)
{
	const char *at = strstr(body, name);

	return at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
}

static void
somebody_pushes(const char *plain)
{
	struct blob sealed;

	blob_init(&sealed, REPLY_MAX);
	seal(&sealed, vault.client->keys->encryption, plain, strlen(plain));
	vault.text[++vault.n] = strdup((const char *)sealed.data);
	blob_reset(&sealed);
}

static int
answer(int *status, char **reply, size_t *len, int code, char *text)
{
	*status = code;
	*reply = text;
	*len = strlen(text);
	return 0;
}

static char *
printed(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

static int
serve(void *arg, const char *url, const char *const *headers, const char *body,
    size_t body_len, int *status, char **reply, size_t *len,
    char auth[VAULTENV_AUTH_MAX])
{
	int64_t version = member(body, "\"version\":");
	int64_t base = member(body, "\"base_version\":");
	const char *secrets = strstr(body, "\"secrets\":\"");

	(void)arg;
	(void)headers;
	(void)body_len;
	if (strstr(url, "secrets/pull") != NULL) {
		if (version < 0)
			version = vault.n;
		if (vault.n == 0)
			return answer(status, reply, len, 404,
			    printed("{\"error\":\"No secrets stored yet\"}"));
		if (version > vault.n || version <= vault.gone)
			return answer(status, reply, len, 404,
			    printed("{\"error\":\"Version not found\"}"));
		return answer(status, reply, len, 200,
		    printed("{\"secrets\":\"%s\",\"version\":%d}",
			vault.text[version], (int)version));
	}
	vault.n_pushes++;
	if (vault.first > 0) {
		vault.first--;
		somebody_pushes("{\"FAST\":\"1\"}");
	}
	if (base != vault.n)
		return answer(status, reply, len, 409,
		    printed("{\"error\":\"Environment has changed\","
			    "\"version\":%d}",
			vault.n));
	secrets += strlen("\"secrets\":\"");
	vault.text[++vault.n] = strndup(secrets, strcspn(secrets, "\""));
	return answer(
	    status, reply, len, 200, printed("{\"version\":%d}", vault.n));
}

static void
notice(void *arg, const char *text)
{
	(void)arg;
	snprintf(vault.notice, sizeof(vault.notice), "%s", text);
}

/* An empty environment; then version 1 of this plain text. */
static void
vault_begin(const char *first)
{
	struct vaultenv_options opts = { .vault_key = KEY,
		.device_secret = SECRET,
		.environment = "production",
		.url = FAKE_URL,
		.transport = serve,
		.notice = notice };

	vaultenv_client_free(&vault.client);
	for (int i = 1; i <= vault.n; i++)
		free(vault.text[i]);
	memset(&vault, 0, sizeof(vault));
	if (vaultenv_client_open(&opts, &vault.client, NULL) != 0)
		abort();
	if (first != NULL)
		somebody_pushes(first);
}

/* What the newest version holds, as JSON. */
static void
newest_is(const char *want, const char *name)
{
	struct vaultenv_list *list = NULL;
	char *text = NULL;
	size_t len = 0;

	if (vaultenv_secrets_pull(vault.client, 0, &list, NULL, NULL) == 0)
		vaultenv_json_write(list, &text, &len, NULL);
	is_str(text, want, name);
	vaultenv_text_free(&text, len);
	vaultenv_list_free(&list);
}

/* Changes by these options and the list of this .env text, if any. */
static int
change(struct vaultenv_change_options o, const char *dotenv,
    struct vaultenv_changed **out, struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	int r;

	if (dotenv != NULL) {
		vaultenv_dotenv_parse(dotenv, strlen(dotenv), &list, NULL);
		o.list = list;
	}
	vaultenv_changed_free(out);
	r = vaultenv_secrets_change(vault.client, &o, out, err);
	vaultenv_list_free(&list);
	return r;
}

static int
set_b(void *arg, struct vaultenv_list *list, struct vaultenv_error *err)
{
	(void)arg;
	(void)err;
	return vaultenv_list_set(list, "B", "new", 3);
}

static int
refuse(void *arg, struct vaultenv_list *list, struct vaultenv_error *err)
{
	(void)arg;
	vaultenv_list_set(list, "A", "changed", 7);
	err->code = VAULTENV_ERR_NOT_FOUND;
	snprintf(err->text, sizeof(err->text), "Not me");
	return err->code;
}

static void
test_edit(void)
{
	struct vaultenv_changed *got = NULL;
	struct vaultenv_error err;
	struct vaultenv_change_options set = { .edit = set_b };

	vault_begin(NULL);
	set.needs_secrets = 1;
	is_int(change(set, NULL, &got, &err), VAULTENV_ERR_NO_SECRETS,
	    "nothing to change yet");
	ok(got == NULL, "gives nothing");
	set.needs_secrets = 0;
	is_int(change(set, NULL, &got, &err), 0, "a first secret");
	is_int(got->version, 1, "makes version 1");
	is_int(got->base_version, 0, "from nothing");
	newest_is("{\"B\":\"new\"}", "of that secret");
	is_int(change(set, NULL, &got, &err), 0, "the same again");
	ok(!got->pushed && got->version == 1 && got->n_changes == 0,
	    "makes no version");

	vault_begin("{\"A\":\"1\",\"VAULT_KEY\":\"evil\",\"B\":\"2\"}");
	is_int(change(set, NULL, &got, &err), 0, "a change");
	newest_is("{\"A\":\"1\",\"B\":\"new\"}",
	    "leaves the others, and reserved names out");
	is_str(vault.notice,
	    "The secrets hold VAULT_KEY, which was left out: it is never taken "
	    "from the server",
	    "with a notice");
	ok(got->n_changes == 1 && got->changes[0].mark == '~' &&
		strcmp(got->changes[0].name, "B") == 0,
	    "and says what changed");

	set.edit = refuse;
	is_int(change(set, NULL, &got, &err), VAULTENV_ERR_NOT_FOUND,
	    "an edit that fails");
	is_str(err.text, "Not me", "ends it by its own sentence");
	is_int(vault.n, 2, "with nothing pushed");
	vaultenv_changed_free(&got);
}

static void
test_faster(void)
{
	struct vaultenv_changed *got = NULL;
	struct vaultenv_error err;
	struct vaultenv_change_options set = { .edit = set_b, .tries = 3 };

	vault_begin("{\"A\":\"1\"}");
	vault.first = 2;
	is_int(change(set, NULL, &got, &err), 0, "two were faster");
	newest_is("{\"FAST\":\"1\",\"B\":\"new\"}", "and nothing is lost");
	is_int(vault.n_pushes, 3, "at the third try");
	vault_begin("{\"A\":\"1\"}");
	vault.first = 9;
	is_int(change(set, NULL, &got, &err), VAULTENV_ERR_CONFLICT,
	    "somebody always is");
	is_str(err.text, "production was changed by others 3 times in a row",
	    "and that is said");
	set.tries = 1;
	is_int(change(set, NULL, &got, &err), VAULTENV_ERR_CONFLICT,
	    "who tries but once");
	is_int(err.current_version, vault.n, "the newest version is told");
	vaultenv_changed_free(&got);
}

/* Two people with one file, of version 1. */
static void
test_two_people(void)
{
	struct vaultenv_change_options o = { .base_version = 1 };
	struct vaultenv_changed *got = NULL;
	struct vaultenv_error err;

	vault_begin("{\"X\":\"1\",\"Y\":\"1\",\"Z\":\"1\"}");
	is_int(change(o, "X=2\nY=1\nZ=1\n", &got, &err), 0, "A changes X");
	is_int(change(o, "X=1\nY=2\nZ=1\n", &got, &err), 0, "B changes Y");
	newest_is("{\"X\":\"2\",\"Y\":\"2\",\"Z\":\"1\"}", "and X stays");
	is_int(got->n_changes, 1, "B is told of Y alone");
	is_int(change(o, "X=1\nY=1\nNEW=1\n", &got, &err), 0,
	    "a third adds and removes");
	newest_is("{\"X\":\"2\",\"Y\":\"2\",\"NEW\":\"1\"}",
	    "what nobody else has touched");

	is_int(change(o, "X=3\nY=1\nZ=9\n", &got, &err), VAULTENV_ERR_CONFLICT,
	    "what both have changed");
	is_str(err.text,
	    "Others have changed X and Z in production since version 1, and so "
	    "have you: nothing was pushed",
	    "is named");
	is_int(vaultenv_list_len(got->conflicts), 2, "and listed");
	is_int(vault.n, 4, "nothing was pushed");
	is_int(err.current_version, 0, "and it is no race");
	o.theirs = 1;
	is_int(change(o, "X=3\nY=5\nZ=9\n", &got, &err), 0, "theirs");
	newest_is("{\"X\":\"2\",\"Y\":\"2\",\"NEW\":\"1\"}", "stays");
	o.theirs = 0;
	o.ours = 1;
	is_int(change(o, "X=3\nY=1\nZ=9\n", &got, &err), 0, "ours");
	newest_is(
	    "{\"X\":\"3\",\"Y\":\"2\",\"Z\":\"9\",\"NEW\":\"1\"}", "wins");
	o.ours = 0;

	vault_begin("{\"X\":\"1\"}");
	vault.first = 1;
	o.tries = 2;
	is_int(change(o, "X=2\n", &got, &err), VAULTENV_ERR_CONFLICT,
	    "somebody removes X at that very moment");
	is_int((intmax_t)vaultenv_list_len(got->conflicts), 1,
	    "and it is a conflict too");
	vaultenv_changed_free(&got);
}

static int asked;

static int
agree(void *arg, const struct vaultenv_changed *changed,
    struct vaultenv_error *err)
{
	(void)err;
	asked++;
	is_int((intmax_t)changed->n_changes, *(int *)arg,
	    "who is asked sees the changes");
	return 0;
}

static int
disagree(void *arg, const struct vaultenv_changed *changed,
    struct vaultenv_error *err)
{
	(void)arg;
	(void)changed;
	err->code = VAULTENV_ERR_EXISTS;
	snprintf(err->text, sizeof(err->text), "No");
	return err->code;
}

static void
test_unknown_base(void)
{
	struct vaultenv_change_options o = { .base_version = -1 };
	struct vaultenv_changed *got = NULL;
	struct vaultenv_error err;
	int n = 2;

	vault_begin(NULL);
	is_int(change(o, "A=1\nVAULT_KEY=vk\n", &got, &err), 0, "a first push");
	newest_is("{\"A\":\"1\"}", "needs no base, nor pushes a key");
	is_int(change(o, "A=1\nB=1\n", &got, &err), 0, "nor does an addition");
	is_int(change(o, "A=2\n", &got, &err), VAULTENV_ERR_CONFLICT,
	    "what changes or removes does");
	is_str(err.text,
	    "It is not known from which version of production this was made, "
	    "and it would change or remove secrets of version 2: nothing was "
	    "pushed",
	    "and says so");
	is_int(
	    (intmax_t)got->n_changes, 2, "the changes are told all the same");
	o.dry_run = 1;
	is_int(change(o, "A=2\n", &got, &err), 0, "a dry run shows them");
	o.dry_run = 0;
	o.confirm = disagree;
	is_int(change(o, "A=2\n", &got, &err), VAULTENV_ERR_EXISTS, "a no");
	is_int(vault.n, 2, "nothing was pushed in all that");
	o.confirm = agree;
	o.arg = &n;
	is_int(change(o, "A=2\n", &got, &err), 0, "a yes");
	newest_is("{\"A\":\"2\"}", "is done");
	is_int(change(o, "A=2\nC=1\n", &got, &err), 0, "and an addition");
	is_int(asked, 1, "asks nobody");
	o.confirm = NULL;
	o.merge = 1;
	is_int(change(o, "A=3\n", &got, &err), 0, "merge");
	newest_is("{\"A\":\"3\",\"C\":\"1\"}", "adds and changes");
	o.merge = 0;
	o.replace = 1;
	is_int(change(o, "A=4\n", &got, &err), 0, "replace");
	newest_is("{\"A\":\"4\"}", "is the whole");
	o.replace = 0;

	o.base_version = 9;
	is_int(change(o, "A=5\n", &got, &err), VAULTENV_ERR_CONFLICT,
	    "a version that is yet to come is no base");
	o.base_version = 2;
	vault.gone = 3;
	is_int(change(o, "A=5\n", &got, &err), VAULTENV_ERR_CONFLICT,
	    "nor one that is not kept any more");
	o.base_version = vault.n;
	is_int(change(o, "A=5\n", &got, &err), 0, "the newest always is");
	is_int(change(o, "VAULT_KEY=a\nVAULT_URL=b\n", &got, &err),
	    VAULTENV_ERR_INVALID, "nothing but keys is no list");
	vaultenv_changed_free(&got);
}

static void
test_unreadable(void)
{
	struct vaultenv_change_options o = { .base_version = -1 };
	struct vaultenv_changed *got = NULL;
	struct vaultenv_error err;

	vault_begin("{\"A\":\"1\"}");
	vault.text[1][10] = vault.text[1][10] == 'A' ? 'B' : 'A';
	is_int(change(o, "A=2\n", &got, &err), VAULTENV_ERR_DECRYPT,
	    "a version that cannot be read");
	is_str(err.text,
	    "The current version of production cannot be read with this "
	    "device secret, and a push would replace it unseen",
	    "is not replaced");
	o.force = 1;
	is_int(change(o, "A=2\n", &got, &err), 0, "but by force");
	is_int(got->version, 2, "as the next version");
	newest_is("{\"A\":\"2\"}", "which can be read");
	vaultenv_changed_free(&got);
}

int
main(void)
{
	char home[64];

	fake_home(home);
	test_edit();
	test_faster();
	test_two_people();
	test_unknown_base();
	test_unreadable();
	vaultenv_client_free(&vault.client);
	fake_home_remove(home);
	return tap_done();
}
