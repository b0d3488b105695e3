/* SPDX-License-Identifier: MIT */
/*
 * Every call of protocol v1 against a server in a callback: the exact bytes
 * that are sent, the signature over them, what the replies become, and the
 * sentence for every refusal.
 */
#include "config.h"

#include <sys/wait.h>

#include "v1/v1.h"
#include "sent.h"

static void
test_projects(void)
{
	struct vaultenv_options opts = { .no_key = 1,
		.url = FAKE_URL,
		.transport = fake_transport,
		.transport_arg = &fake };
	struct vaultenv_client *c = NULL;
	struct vaultenv_error err;
	char id[VAULTENV_PROJECT_ID_LEN + 1] = "as it was";

	is_int(vaultenv_client_open(&opts, &c, &err), 0, "opens without key");
	fake_answer(&fake, 200, "{\"project_id\":\"x\",\"environments\":[]}");
	is_int(vaultenv_project_create(c, "a", NULL, id, &err),
	    VAULTENV_ERR_PROTOCOL, "an id that is no UUID");
	is_str(sentence(&err),
	    "The answer of https://vault.example to project/create makes no "
	    "sense (project_id). Check the URL (VAULT_URL)",
	    "is named");
	is_str(id, "as it was", "and not given out");
	fake_answer(&fake, 200,
	    "{\"project_id\":\"" PROJECT "\",\"environments\":[\"a\"]}");
	is_int(vaultenv_project_create(c, "a \"b\"\n", "to-ken=", id, &err), 0,
	    "create");
	is_str(id, PROJECT, "gives the id");
	sent(0, "project/create", "{\"project_name\":\"a \\\"b\\\"\\n\"}",
	    false);
	ok(strstr(fake.calls[0].headers, "X-Vault-Create-Token: to-ken=\n") !=
		NULL,
	    "with the token");
	is_int(vaultenv_project_create(c, "a", "a\r\nB: c", id, &err),
	    VAULTENV_ERR_INVALID, "a token cannot add a header");
	is_int(vaultenv_project_create(c, "\xff", NULL, id, &err),
	    VAULTENV_ERR_INVALID, "a name is UTF-8");
	is_int(fake.n_calls, 1, "and nothing was sent for these");
	is_int(vaultenv_project_set_key(c, &err), VAULTENV_ERR_NO_KEY,
	    "no key to set yet");
	is_int(
	    vaultenv_device_list(c, &(struct vaultenv_devices *){ NULL }, &err),
	    VAULTENV_ERR_NO_KEY, "nor to sign with");

	fake_answer(&fake, 200, "{\"ok\":true}");
	is_int(vaultenv_client_set_key(c, KEY, &err), 0, "a key");
	is_int(vaultenv_project_set_key(c, &err), 0, "set-key");
	sent(0, "project/set-key",
	    "{\"project_id\":\"" PROJECT "\",\"auth_key_hash\":\"" AUTH_KEY
	    "\"}",
	    false);
	fake_answer(&fake, 200, "{\"ok\":false}");
	is_int(vaultenv_project_set_key(c, &err), VAULTENV_ERR_PROTOCOL,
	    "ok must be true");
	vaultenv_client_free(&c);
}

static void
test_devices(struct vaultenv_client *c)
{
	struct vaultenv_device *device = NULL;
	struct vaultenv_devices *list = NULL;
	struct vaultenv_error err;

	fake_answer(&fake, 200,
	    "{\"device_id\":\"" DEVICE_ID "\",\"status\":\"pending\"}");
	is_int(vaultenv_device_register(c, "l\xc3\xa4ptop", &device, &err), 0,
	    "register");
	sent(0, "devices/register",
	    "{\"project_id\":\"" PROJECT "\",\"device_name\":\"l\xc3\xa4ptop\""
	    ",\"device_hash\":\"" DEVICE_HASH "\"}",
	    true);
	is_str(device->id, DEVICE_ID, "its id");
	is_str(device->status, "pending", "its status");
	vaultenv_device_free(&device);
	fake_answer(
	    &fake, 200, "{\"device_id\":\"" DEVICE_ID "\",\"status\":\"odd\"}");
	is_int(vaultenv_device_register(c, "a", &device, &err),
	    VAULTENV_ERR_PROTOCOL, "an unknown status");

	fake_answer(&fake, 200, "{\"status\":\"approved\"}");
	is_int(vaultenv_device_approve(c, DEVICE_ID, &err), 0, "approve");
	sent(0, "devices/approve",
	    "{\"project_id\":\"" PROJECT "\",\"device_id\":\"" DEVICE_ID "\"}",
	    true);
	is_int(vaultenv_device_revoke(c, DEVICE_ID, &err),
	    VAULTENV_ERR_PROTOCOL, "approved is no answer to revoke");
	fake_answer(&fake, 200, "{\"status\":\"revoked\"}");
	is_int(vaultenv_device_revoke(c, DEVICE_ID, &err), 0, "revoke");
	sent(0, "devices/revoke",
	    "{\"project_id\":\"" PROJECT "\",\"device_id\":\"" DEVICE_ID "\"}",
	    true);
	is_int(vaultenv_device_revoke(c, "1", &err), VAULTENV_ERR_INVALID,
	    "an id is a UUID");

	fake_answer(&fake, 200,
	    "{\"devices\":[{\"id\":\"" DEVICE_ID "\",\"device_name\":"
	    "\"a\\u001b[1m\\u009b\",\"status\":\"approved\",\"created_at\":"
	    "\"2026-01-31T12:00:00.000Z\",\"approved_at\":"
	    "\"2026-01-31T12:00:01.000Z\",\"last_seen_at\":null,\"more\":1},"
	    "{\"id\":\"" PROJECT "\",\"device_name\":\"b\",\"status\":"
	    "\"pending\",\"created_at\":\"x\",\"approved_at\":null,"
	    "\"last_seen_at\":null}]}");
	is_int(vaultenv_device_list(c, &list, &err), 0, "list");
	sent(0, "devices/list", "{\"project_id\":\"" PROJECT "\"}", true);
	is_int((intmax_t)list->n, 2, "two devices");
	is_str(list->at[0].name, "a?[1m??", "no control character comes out");
	is_str(list->at[0].approved_at, "2026-01-31T12:00:01.000Z", "a time");
	ok(list->at[0].last_seen_at == NULL, "never seen");
	is_str(list->at[1].id, PROJECT, "the order stays");
	vaultenv_devices_free(&list);
	fake_answer(&fake, 200, "{\"devices\":[]}");
	is_int(vaultenv_device_list(c, &list, &err), 0, "an empty list");
	is_int((intmax_t)list->n, 0, "has no device");
	vaultenv_devices_free(&list);
}

static void
test_versions(struct vaultenv_client *c)
{
	struct vaultenv_versions *list = NULL;
	struct vaultenv_error err;
	char *at = (char *)"as it was";
	int64_t version = 5;

	fake_answer(&fake, 200, "{\"version\":0,\"updated_at\":null}");
	is_int(vaultenv_secrets_current_version(c, &version, &at, &err), 0,
	    "current-version of nothing");
	sent(0, "secrets/current-version", ENVIRONMENT_BODY "}", true);
	is_int(version, 0, "is 0");
	ok(at == NULL, "and has no time");
	version = 5;
	fake_answer(&fake, 404, "{\"error\":\"Environment not found\"}");
	is_int(vaultenv_secrets_current_version(c, &version, &at, &err), 0,
	    "an environment that the first push will make");
	is_int(version, 0, "has no version yet");
	fake_answer(&fake, 200, "{\"version\":2,\"updated_at\":\"2026\"}");
	is_int(vaultenv_secrets_current_version(c, &version, &at, &err), 0,
	    "current-version");
	is_int(version, 2, "is 2");
	is_str(at, "2026", "with its time");
	free(at);

	fake_answer(&fake, 200,
	    "{\"versions\":[{\"version\":2,\"changed_keys\":[\"+A\",\"~B\"],"
	    "\"created_at\":\"t2\"},{\"version\":1,\"changed_keys\":null,"
	    "\"created_at\":\"t1\"}]}");
	is_int(vaultenv_secrets_versions(c, &list, &err), 0, "versions");
	sent(0, "secrets/versions", ENVIRONMENT_BODY "}", true);
	is_int((intmax_t)list->n, 2, "there are two");
	is_int((intmax_t)list->at[0].n_changed, 2, "two names");
	is_str(list->at[0].changed[1], "~B", "in order");
	is_int((intmax_t)list->at[1].n_changed, 0, "no names");
	is_str(list->at[1].created_at, "t1", "its time");
	vaultenv_versions_free(&list);

	fake_answer(&fake, 200, "{\"version\":3}");
	is_int(vaultenv_secrets_rollback(c, 1, &version, &err), 0, "rollback");
	sent(0, "secrets/rollback", ENVIRONMENT_BODY ",\"version\":1}", true);
	is_int(version, 3, "makes version 3");
	is_int(vaultenv_secrets_rollback(c, 0, &version, &err),
	    VAULTENV_ERR_INVALID, "there is no version 0");
}

/* Its keys are zeros there: a push would be readable by anybody. */
static void
test_fork(struct vaultenv_client *c)
{
	struct vaultenv_list *list = NULL;
	int64_t version;
	int status;
	pid_t pid;

	fake_answer(&fake, 200, "{\"version\":1}");
	vaultenv_list_new(&list);
	vaultenv_list_set(list, "A", "1", 1);
	if ((pid = fork()) == 0) {
		int r =
		    vaultenv_secrets_push(c, list, -1, NULL, 0, &version, NULL);
		struct version pulled;

		version_init(&pulled);
		blob_append_str(&pulled.text, EMPTY_BLOB);
		_exit(r == VAULTENV_ERR_INVALID && fake.n_calls == 0 &&
			      vaultenv_client_set_key(c, KEY, NULL) == r &&
			      v1_open(c, &pulled, NULL) == r
			  ? 0
			  : 1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a forked child can neither send nor open anything with it");
	is_int(vaultenv_secrets_push(c, list, -1, NULL, 0, &version, NULL), 0,
	    "the parent can");
	vaultenv_list_free(&list);
}

int
main(void)
{
	struct vaultenv_client *c;
	char home[64];

	fake_home(home);
	c = fake_client(&fake, SECRET);
	test_projects();
	test_devices(c);
	test_versions(c);
	test_fork(c);
	vaultenv_client_free(&c);
	fake_reset(&fake);
	fake_home_remove(home);
	return tap_done();
}
