/* SPDX-License-Identifier: MIT */
/*
 * Every call of the library against a server in a callback: the exact bytes
 * that are sent, the signature over them, what the replies become, and the
 * sentence for every refusal.
 */
#include "config.h"

#include <sys/wait.h>
#include <time.h>

#include "fake.h"
#include "sentence.h"
#include "load/load.h"

#define ENVIRONMENT_BODY                                                       \
	"{\"project_id\":\"" PROJECT "\",\"environment\":\"production\""
#define PULLED(blob, version)                                                  \
	"{\"secrets\":\"" blob "\",\"version\":" version "}"
#define EMPTY_BLOB "LjyiJsnrzo/jr8/b3t0Fogx4c+bY8/LFPCBH3R/D"

static struct fake fake;

/* A signed body, less its member that is another one each time. Valid until the
 * next call. */
static const char *
without_nonce(const char *body)
{
	static char text[4096];
	const char *at = strstr(body, ",\"nonce\":\"");

	if (at == NULL || strspn(at + 10, "0123456789abcdef") != 32)
		return "no nonce";
	snprintf(text, sizeof(text), "%.*s%s", (int)(at - body), body,
	    at + 10 + 32 + 1);
	return text;
}

/* The call went to path with exactly this body, signed (or not). */
static void
sent(int n, const char *path, const char *body, bool is_signed)
{
	const char *header, *end;
	uint8_t key[KEY_LEN], digest[MAC_LEN];
	char want[256];
	int64_t time_ms;

	snprintf(want, sizeof(want), FAKE_URL "/api/v1/%s", path);
	is_str(fake.calls[n].url, want, "the URL");
	if (body != NULL)
		is_str(is_signed ? without_nonce(fake.calls[n].body)
				 : fake.calls[n].body,
		    body, "the body's bytes");
	ok(strstr(fake.calls[n].headers, "Content-Type: application/json\n") !=
		NULL,
	    "is JSON");
	header = strstr(fake.calls[n].headers, "X-Vault-Signature: ");
	if (!is_signed) {
		ok(header == NULL, "is unsigned");
		return;
	}
	if (!ok(header != NULL, "is signed"))
		return;
	header += strlen("X-Vault-Signature: ");
	end = strchr(header, '\n');
	ok(hex_decode(key, KEY_LEN, AUTH_KEY, strlen(AUTH_KEY)) == 0 &&
		signature_parse(
		    header, (size_t)(end - header), &time_ms, digest) == 0 &&
		signature_verify(key, fake.calls[n].body, fake.calls[n].len,
		    time_ms, digest),
	    "the signature is good");
	ok(llabs(time_ms / 1000 - (int64_t)time(NULL)) <= 2, "of now");
}

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

/* What the server answers to a pull of this plaintext. */
static void
answer_plain(struct vaultenv_client *c, struct blob *reply, const char *plain)
{
	blob_reset(reply);
	blob_append_str(reply, "{\"version\":7,\"secrets\":\"");
	seal(reply, c->keys->encryption, plain, strlen(plain));
	blob_append_str(reply, "\"}");
	fake_answer(&fake, 200, (const char *)reply->data);
}

static void
test_pull(struct vaultenv_client *c)
{
	static const struct {
		const char *plain, *text;
	} bad[] = {
		{ "{\"\":\"a\"}",
		    "Version 7 of production holds a name that no variable can "
		    "have: \"\". Push it again without that" },
		{ "{\"A=B\":\"a\"}",
		    "Version 7 of production holds a name that no variable can "
		    "have: \"A=B\". Push it again without that" },
		{ "[]", "Version 7 of production was decrypted, but is no JSON "
			"object of names and values. Push it again, or pull an "
			"older version" },
		{ "{\"A\":\"1\",\"A\":\"2\"}",
		    "Version 7 of production was decrypted, but is no JSON "
		    "object of names and values. Push it again, or pull an "
		    "older version" },
	};
	static const char *const versions[] = { "0", "-1", "1.0", "\"1\"",
		"9007199254740992", "1e3", "null", "18446744073709551617" };
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;
	struct blob reply;
	int64_t version = 5;
	char text[256];

	blob_init(&reply, REPLY_MAX);
	answer_plain(c, &reply,
	    "{\"Z\":1e2,\"A\":true,\"B\":null,\"C\":{\"x\": [1]},\"D\":\"\"}");
	is_int(vaultenv_secrets_pull(c, 7, &list, &version, &err), 0, "pull");
	sent(0, "secrets/pull",
	    ENVIRONMENT_BODY ",\"device_hash\":\"" DEVICE_HASH
			     "\",\"version\":7}",
	    true);
	is_int(version, 7, "the version");
	is_str(vaultenv_list_at(list, 0)->value, "1e2", "a number as written");
	is_str(vaultenv_list_at(list, 1)->value, "true", "true");
	is_str(vaultenv_list_at(list, 2)->value, "null", "null");
	is_str(vaultenv_list_at(list, 3)->value, "{\"x\": [1]}", "an object");
	is_int((intmax_t)vaultenv_list_len(list), 5, "five names");
	vaultenv_list_free(&list);

	is_int(vaultenv_secrets_pull(c, 6, &list, NULL, &err),
	    VAULTENV_ERR_PROTOCOL, "another version than the one asked for");
	is_str(sentence(&err),
	    "https://vault.example was asked for version 6 of production and "
	    "answered with version 7. Older versions may be beyond it: pull "
	    "without a version",
	    "is not taken for it");
	is_int(vaultenv_secrets_pull(c, 8, &list, NULL, &err),
	    VAULTENV_ERR_PROTOCOL, "nor is an older one");
	is_int(vaultenv_secrets_pull(c, -1, &list, NULL, &err),
	    VAULTENV_ERR_INVALID, "no version is negative");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer_plain(c, &reply, bad[i].plain);
		is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
		    VAULTENV_ERR_PROTOCOL, bad[i].plain);
		is_str(sentence(&err), bad[i].text, "and says so");
	}
	fake_answer(&fake, 200, PULLED(EMPTY_BLOB, "3"));
	is_int(vaultenv_secrets_pull(c, 0, &list, &version, &err),
	    VAULTENV_ERR_DECRYPT, "a blob of another device");
	is_int(version, 3, "its version is known all the same");
	is_str(sentence(&err),
	    "Version 3 of production cannot be decrypted here: it was pushed "
	    "by another device or with another VAULT_KEY, or changed on the "
	    "way. Push it again from this machine, or pull where it was pushed",
	    "and says so");
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		snprintf(text, sizeof(text),
		    "{\"secrets\":\"" EMPTY_BLOB "\",\"version\":%s}",
		    versions[i]);
		fake_answer(&fake, 200, text);
		is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
		    VAULTENV_ERR_PROTOCOL, versions[i]);
	}
	ok(list == NULL, "no failure gives a list");
	fake_reset(&fake);
	blob_reset(&reply);
}

/* The server takes a signature once, and a pull and a poll of a client without
 * a device have the same members. */
static void
test_nonce(struct vaultenv_client *c)
{
	struct vaultenv_error err;
	int64_t version = 0;

	fake_answer(&fake, 200, "{\"version\":1,\"updated_at\":null}");
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "a poll");
	is_int(vaultenv_secrets_current_version(c, &version, NULL, &err), 0,
	    "another, in the same millisecond for all we know");
	ok(strcmp(fake.calls[0].body, fake.calls[1].body) != 0,
	    "are not the same bytes");
	is_str(without_nonce(fake.calls[0].body), ENVIRONMENT_BODY "}",
	    "by a member that is random");
	fake_reset(&fake);
}

static void
test_push(struct vaultenv_client *c)
{
	static const struct vaultenv_change changes[] = { { '+', "A" },
		{ '~', "B\"" }, { '-', "C" } };
	static const char plain[] =
	    "{\"B\\\"\":\"2\\n\xe2\x82\xac\",\"A\":\"\"}";
	static const char start[] = ENVIRONMENT_BODY ",\"secrets\":\"";
	static const char end[] = "\",\"device_hash\":\"" DEVICE_HASH
				  "\",\"key_names\":[\"+A\",\"~B\\\"\",\"-C\"],"
				  "\"key_count\":2,\"base_version\":0}";
	static char names[257][256];
	static struct vaultenv_change many[257];
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;
	struct blob opened;
	int64_t version = 0;
	char body[4096];
	size_t n;

	blob_init(&opened, REPLY_MAX);
	vaultenv_list_new(&list);
	vaultenv_list_set(list, "B\"", "2\n\xe2\x82\xac", 5);
	vaultenv_list_set(list, "A", "", 0);
	fake_answer(&fake, 200, "{\"version\":9007199254740991}");
	is_int(vaultenv_secrets_push(c, list, 0, changes, 3, &version, &err), 0,
	    "push");
	is_int(version, INT64_C(9007199254740991), "the largest version");
	sent(0, "secrets/push", NULL, true);
	snprintf(body, sizeof(body), "%s", without_nonce(fake.calls[0].body));
	n = strlen(body) - strlen(start) - strlen(end);
	ok(strncmp(body, start, strlen(start)) == 0, "it begins as it must");
	is_str(body + strlen(start) + n, end, "it ends as it must");
	is_int(unseal(&opened, c->keys->encryption, body + strlen(start), n), 0,
	    "the blob opens");
	is_str((const char *)opened.data, plain, "it is the list, in order");

	is_int(vaultenv_secrets_push(c, list, -1, NULL, 0, NULL, &err), 0,
	    "push without base and changes");
	ok(strstr(fake.calls[1].body, "base_version") == NULL &&
		strstr(fake.calls[1].body, "key_names") == NULL,
	    "sends neither");
	ok(strncmp(without_nonce(fake.calls[1].body), body,
	       strlen(start) + 16) != 0,
	    "no two blobs have one iv");

	/* 257 names of 251 bytes and four more each, and brackets for commas:
	 * 65,536 are sent, one more is not */
	for (int i = 0; i < 257; i++) {
		memset(names[i], 'N', 251);
		many[i] = (struct vaultenv_change){ '+', names[i] };
	}
	is_int(vaultenv_secrets_push(c, list, -1, many, 257, NULL, &err), 0,
	    "64 KiB of names");
	ok(strstr(fake.calls[2].body, "\"key_names\":[\"+NNN") != NULL,
	    "are sent");
	names[256][251] = 'N';
	is_int(vaultenv_secrets_push(c, list, -1, many, 257, NULL, &err), 0,
	    "a byte more");
	ok(strstr(fake.calls[3].body, "key_names") == NULL, "are not");

	vaultenv_list_set(list, "BIN", "\xff", 1);
	is_int(vaultenv_secrets_push(c, list, 0, NULL, 0, &version, &err),
	    VAULTENV_ERR_INVALID, "a value that is no text");
	is_str(sentence(&err),
	    "BIN cannot be pushed: it is not UTF-8 text, or holds a NUL. Store "
	    "it as base64",
	    "is named");
	vaultenv_list_set(list, "BIN", "a", 1);
	vaultenv_list_set(list, "VAULT_KEY", "a", 1);
	is_int(vaultenv_secrets_push(c, list, 0, NULL, 0, &version, &err),
	    VAULTENV_ERR_INVALID, "VAULT_KEY");
	is_str(sentence(&err), "VAULT_KEY is never pushed. Take it out of the list",
	    "is never pushed");
	is_int(fake.n_calls, 4, "nothing of these was sent");
	vaultenv_list_free(&list);
	blob_reset(&opened);
	fake_reset(&fake);
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
			      secrets_open(c, &pulled, NULL) == r
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
	test_pull(c);
	test_nonce(c);
	test_push(c);
	test_versions(c);
	test_fork(c);
	vaultenv_client_free(&c);
	fake_reset(&fake);
	fake_home_remove(home);
	return tap_done();
}
