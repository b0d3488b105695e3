/* SPDX-License-Identifier: MIT */
/*
 * What a client says when it is refused: every status that a server of ours,
 * or something that stands before it, can answer with. The sentences are what
 * users and scripts see, so they are compared whole.
 */
#include "config.h"

#include "fake.h"
#include "sentence.h"
#include "base/json.h"
#include "net/net.h"

static struct fake fake;

static const struct {
	int status;
	const char *reply;
	int code;
	const char *text;
} rows[] = {
	{ 401, "{\"error\":\"Unauthorized\"}", VAULTENV_ERR_UNAUTHORIZED,
	    "The server does not accept this VAULT_KEY for project " PROJECT
	    ". Check that key and server belong together" },
	{ 403, "{\"error\":\"Device not registered or revoked\"}",
	    VAULTENV_ERR_DEVICE,
	    "Device not registered. Run: vault-env register-device" },
	{ 403,
	    "{\"error\":\"This project uses protocol v2: update vault-env\"}",
	    VAULTENV_ERR_UNAUTHORIZED,
	    "Project " PROJECT " is of protocol v2, and VAULT_KEY is none of "
	    "its keys. Copy it again" },
	{ 403,
	    "{\"error\":\"This project has moved to protocol v2: ask for the "
	    "new VAULT_KEY\"}",
	    VAULTENV_ERR_FORBIDDEN,
	    "Project " PROJECT " has moved to protocol v2 and does not change "
	    "any more. Ask for the new VAULT_KEY and put it in place" },
	{ 403,
	    "{\"error\":\"This server speaks protocol v1 only: set url in "
	    "vault.conf, or make a project for it by vault-env init --protocol "
	    "1\"}",
	    VAULTENV_ERR_FORBIDDEN,
	    "This server speaks protocol v1 only: set url in vault.conf, or "
	    "make a project for it by vault-env init --protocol 1. Ask the "
	    "operator of https://vault.example" },
	{ 403, "{\"error\":\"Forbidden\"}", VAULTENV_ERR_FORBIDDEN,
	    "https://vault.example refused: Forbidden. Ask its operator" },
	{ 404, "{\"error\":\"Environment not found\"}", VAULTENV_ERR_NO_SECRETS,
	    "No secrets stored yet in environment production. Run: vault-env "
	    "push --env production" },
	{ 404, "{\"error\":\"No secrets stored yet\"}", VAULTENV_ERR_NO_SECRETS,
	    "No secrets stored yet in environment production. Run: vault-env "
	    "push --env production" },
	{ 404, "{\"error\":\"Version not found\"}", VAULTENV_ERR_NOT_FOUND,
	    "Version not found in environment production. Run: vault-env "
	    "versions --env production" },
	{ 404, "{\"error\":\"Device not found\"}", VAULTENV_ERR_NOT_FOUND,
	    "Device not found. Run: vault-env list-devices" },
	{ 404, "{\"error\":\"Project not found\"}", VAULTENV_ERR_NOT_FOUND,
	    "Project " PROJECT " is unknown to https://vault.example. Check "
	    "VAULT_KEY and VAULT_URL" },
	{ 404, "{\"error\":\"Not found\"}", VAULTENV_ERR_NOT_FOUND,
	    "Not found. Check that https://vault.example is a vault-env "
	    "server" },
	{ 409, "{\"error\":\"Auth key already set\"}", VAULTENV_ERR_CONFLICT,
	    "Project " PROJECT " has a key already. Use the VAULT_KEY that was "
	    "made with it" },
	{ 409, "{\"error\":\"Device revoked\"}", VAULTENV_ERR_CONFLICT,
	    "Device revoked, and that is final. Run on that machine: vault-env "
	    "register-device --force" },
	{ 409, "{\"error\":\"Signature already used for another request\"}",
	    VAULTENV_ERR_CONFLICT,
	    "The server refused: Signature already used for another request. "
	    "Try again" },
	{ 409, "{\"error\":\"Project has used up its storage\"}",
	    VAULTENV_ERR_FORBIDDEN,
	    "Nothing was stored: project " PROJECT " has used up its storage "
	    "on https://vault.example. Ask its operator to raise "
	    "project_quota_mib" },
	{ 409, "{\"error\":\"Too many devices\"}", VAULTENV_ERR_FORBIDDEN,
	    "The server refused: Too many devices. Ask the operator of "
	    "https://vault.example" },
	{ 400, "{\"error\":\"environment must be a name.\"}",
	    VAULTENV_ERR_FORBIDDEN,
	    "The server refused: environment must be a name. Correct it and "
	    "try again" },
	{ 413, "{\"error\":\"Request body too large\"}", VAULTENV_ERR_FORBIDDEN,
	    "The server refused: Request body too large. Push less, or ask the "
	    "operator of https://vault.example" },
	{ 429, "{\"error\":\"Slow\\u001b[31m\\ndown\"}", VAULTENV_ERR_SERVER,
	    "https://vault.example cannot answer now: Slow?[31m?down. Try "
	    "again later" },
	{ 507, "{\"error\":\"Server is out of space and answers reads only\"}",
	    VAULTENV_ERR_SERVER,
	    "Nothing was stored: Server is out of space and answers reads "
	    "only. Tell the operator of https://vault.example" },
	{ 503, "{\"error\":\"Database unavailable\"}", VAULTENV_ERR_SERVER,
	    "https://vault.example cannot answer now: Database unavailable. "
	    "Try again later" },
	{ 502, "<html>", VAULTENV_ERR_SERVER,
	    "https://vault.example cannot answer now: HTTP 502. Try again "
	    "later" },
	{ 301, "", VAULTENV_ERR_PROTOCOL,
	    "https://vault.example answers with a redirect (HTTP 301), which "
	    "is not followed. Check the URL (VAULT_URL)" },
	{ 404, "<html>", VAULTENV_ERR_PROTOCOL,
	    "https://vault.example answers HTTP 404, but not as a vault-env "
	    "server does. Check the URL (VAULT_URL)" },
	{ 204, "", VAULTENV_ERR_PROTOCOL,
	    "https://vault.example answers HTTP 204, but not as a vault-env "
	    "server does. Check the URL (VAULT_URL)" },
	{ 200, "<html>", VAULTENV_ERR_PROTOCOL,
	    "The answer of https://vault.example to secrets/pull makes no "
	    "sense (no JSON object). Check the URL (VAULT_URL)" },
	{ 200, "{\"version\":1}", VAULTENV_ERR_PROTOCOL,
	    "The answer of https://vault.example to secrets/pull makes no "
	    "sense (secrets). Check the URL (VAULT_URL)" },
};

static void
test_rows(struct vaultenv_client *c)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_answer(&fake, rows[i].status, rows[i].reply);
		is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
		    rows[i].code, rows[i].reply);
		is_str(sentence(&err), rows[i].text, "and says so");
		is_int(fake.n_calls, 1, "one request");
	}
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, NULL),
	    VAULTENV_ERR_PROTOCOL, "nobody needs to take the sentence");
	ok(list == NULL, "no list comes of any of these");
	is_str(fake.notice, "", "and no notice");
}

static void
test_pending(struct vaultenv_client *c)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;

	fake_answer(&fake, 403, "{\"error\":\"Device pending approval\"}");
	fake.answers[1].status = 200;
	fake.answers[1].text =
	    "{\"device_id\":\"" DEVICE_ID "\",\"status\":\"pending\"}";
	fake.n_answers = 2;
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
	    VAULTENV_ERR_PENDING, "a device that waits");
	is_str(sentence(&err),
	    "Device not yet approved. Ask the project owner to run: vault-env "
	    "approve-device --id " DEVICE_ID,
	    "is told its id");
	is_str(fake.calls[1].url, FAKE_URL "/api/v1/devices/register",
	    "which registering again gives");
	ok(strstr(fake.calls[1].body, "\"device_hash\":\"" DEVICE_HASH "\"") !=
		NULL,
	    "with the same hash");
	fake.n_calls = 0;
	fake.answers[1].status = 500;
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
	    VAULTENV_ERR_PENDING, "should that fail");
	is_str(sentence(&err),
	    "Device not yet approved. Ask the project owner to run: vault-env "
	    "approve-device --id <id>",
	    "the id is left open");
}

static void
test_conflict(struct vaultenv_client *c)
{
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;
	int64_t version;

	vaultenv_list_new(&list);
	fake_answer(&fake, 409,
	    "{\"error\":\"Environment has changed\",\"code\":"
	    "\"version_conflict\",\"version\":12}");
	is_int(vaultenv_secrets_push(c, list, 3, NULL, 0, &version, &err),
	    VAULTENV_ERR_CONFLICT, "a conflict");
	is_int(err.current_version, 12, "names the version");
	is_str(sentence(&err),
	    "Environment production has changed: the server has version 12 "
	    "now. Pull it, look at what differs, and push again",
	    "and says so");
	vaultenv_list_free(&list);
}

static void
test_others(struct vaultenv_client *c)
{
	char id[VAULTENV_PROJECT_ID_LEN + 1], reply[400], *large;
	struct vaultenv_list *list = NULL;
	struct vaultenv_error err;

	fake_answer(&fake, 403, "{\"error\":\"Project creation is closed\"}");
	is_int(vaultenv_project_create(c, "a", NULL, id, &err),
	    VAULTENV_ERR_FORBIDDEN, "creation is closed");
	is_str(sentence(&err),
	    "Project creation is closed. Ask the operator of "
	    "https://vault.example",
	    "and says so");

	fake_answer(&fake, 0, "");
	fake.answers[0].fails = VAULTENV_ERR_NETWORK;
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
	    VAULTENV_ERR_NETWORK, "no answer");
	is_str(sentence(&err),
	    "Cannot reach https://vault.example. Check the URL (VAULT_URL)",
	    "and says so");

	/* 200 bytes are shown, and half a character is not. */
	snprintf(
	    reply, sizeof(reply), "{\"error\":\"%0199d\xc3\xa9%050d\"}", 0, 0);
	fake_answer(&fake, 500, reply);
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
	    VAULTENV_ERR_SERVER, "a long sentence");
	ok(strstr(sentence(&err), "0. Try again later") != NULL, "is cut");

	if ((large = calloc(1, REPLY_MAX + 2)) == NULL)
		return;
	memset(large, ' ', REPLY_MAX + 1);
	fake_answer(&fake, 200, large);
	is_int(vaultenv_secrets_pull(c, 0, &list, NULL, &err),
	    VAULTENV_ERR_PROTOCOL, "a reply over its cap");
	is_str(sentence(&err),
	    "The answer of https://vault.example is larger than 8 MiB. Check "
	    "the URL (VAULT_URL)",
	    "and says so");
	free(large);
}

int
main(void)
{
	struct vaultenv_client *c;
	char home[64];

	fake_home(home);
	c = fake_client(&fake, SECRET);
	test_rows(c);
	test_pending(c);
	test_conflict(c);
	test_others(c);
	vaultenv_client_free(&c);
	fake_reset(&fake);
	fake_home_remove(home);
	return tap_done();
}
