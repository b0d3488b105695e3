/* SPDX-License-Identifier: MIT */
/*
 * pull and push of protocol v1 against a server in a callback: the exact bytes
 * that are sent, what the replies become, and the sentence for what cannot be
 * opened or sent.
 */
#include "config.h"

#include "sent.h"
#include "load/load.h"

#define PULLED(blob, version)                                                  \
	"{\"secrets\":\"" blob "\",\"version\":" version "}"

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
	is_str(sentence(&err),
	    "VAULT_KEY is never pushed. Take it out of the list",
	    "is never pushed");
	is_int(fake.n_calls, 4, "nothing of these was sent");
	vaultenv_list_free(&list);
	blob_reset(&opened);
	fake_reset(&fake);
}

int
main(void)
{
	struct vaultenv_client *c;
	char home[64];

	fake_home(home);
	c = fake_client(&fake, SECRET);
	test_pull(c);
	test_nonce(c);
	test_push(c);
	vaultenv_client_free(&c);
	fake_reset(&fake);
	fake_home_remove(home);
	return tap_done();
}
