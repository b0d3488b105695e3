/* SPDX-License-Identifier: MIT */
/*
 * refusal.c: what a status other than 200 means: one table from status and the
 * server's words to a code and a sentence for the user. It decides nothing
 * else.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define SAID_MAX     200 /* bytes of the server's sentence that are shown */
#define SENTENCE_MAX 8192

/*
 * The first row that fits. word: part of the server's sentence, NULL for any.
 * In text and hint: {said} the server's sentence, {url}, {env}, {project},
 * {device}, {version} the server's version of the environment.
 */
struct refusal {
	int status; /* 4 and 5: the whole hundred */
	const char *word;
	int code;
	const char *text;
	const char *hint;
};

static const struct refusal refusals[] = {
	{ 401, NULL, VAULTENV_ERR_UNAUTHORIZED,
	    "The server does not accept this VAULT_KEY for project {project}",
	    "Check that key and server belong together" },
	{ 403, "pending", VAULTENV_ERR_PENDING, "Device not yet approved",
	    "Ask the project owner to run: vault-env approve-device --id "
	    "{device}" },
	{ 403, "creation", VAULTENV_ERR_FORBIDDEN, "{said}",
	    "Ask the operator of {url}" },
	{ 403, "This server ", VAULTENV_ERR_FORBIDDEN, "{said}",
	    "Ask the operator of {url}" },
	{ 403, "register", VAULTENV_ERR_DEVICE, "Device not registered",
	    "Run: vault-env register-device" },
	{ 403, "Device may not do this", VAULTENV_ERR_DEVICE,
	    "The role of this device does not allow that", "Ask an admin" },
	{ 403, "This project has moved", VAULTENV_ERR_FORBIDDEN,
	    "Project {project} has moved to protocol v2 and does not change "
	    "any more",
	    "Ask for the new VAULT_KEY and put it in place" },
	{ 403, "This project uses protocol v2", VAULTENV_ERR_UNAUTHORIZED,
	    "Project {project} is of protocol v2, and VAULT_KEY is none of its "
	    "keys",
	    "Copy it again" },
	{ 403, NULL, VAULTENV_ERR_FORBIDDEN, "{url} refused: {said}",
	    "Ask its operator" },
	{ 404, "Environment not found", VAULTENV_ERR_NO_SECRETS,
	    "No secrets stored yet in environment {env}",
	    "Run: vault-env push --env {env}" },
	{ 404, "No secrets stored yet", VAULTENV_ERR_NO_SECRETS,
	    "No secrets stored yet in environment {env}",
	    "Run: vault-env push --env {env}" },
	{ 404, "Version not found", VAULTENV_ERR_NOT_FOUND,
	    "Version not found in environment {env}",
	    "Run: vault-env versions --env {env}" },
	{ 404, "Version is no longer kept", VAULTENV_ERR_NOT_FOUND,
	    "That version of {env} is no longer kept",
	    "Run: vault-env versions --env {env}, or if it is the newest: "
	    "vault-env push --replace --env {env}" },
	{ 404, "Device not found", VAULTENV_ERR_NOT_FOUND, "Device not found",
	    "Run: vault-env list-devices" },
	{ 404, "Project not found", VAULTENV_ERR_NOT_FOUND,
	    "Project {project} is unknown to {url}",
	    "Check VAULT_KEY and VAULT_URL" },
	{ 404, NULL, VAULTENV_ERR_NOT_FOUND, "{said}",
	    "Check that {url} is a vault-env server" },
	{ 409, "Environment has changed", VAULTENV_ERR_CONFLICT,
	    "Environment {env} has changed: the server has version {version} "
	    "now",
	    "Pull it, look at what differs, and push again" },
	{ 409, "Auth key already set", VAULTENV_ERR_CONFLICT,
	    "Project {project} has a key already",
	    "Use the VAULT_KEY that was made with it" },
	{ 409, "Device revoked", VAULTENV_ERR_CONFLICT,
	    "Device revoked, and that is final",
	    "Run on that machine: vault-env register-device --force" },
	{ 409, "Project has used up its storage", VAULTENV_ERR_FORBIDDEN,
	    "Nothing was stored: project {project} has used up its storage on "
	    "{url}",
	    "Ask its operator to raise project_quota_mib" },
	{ 409, "Too many", VAULTENV_ERR_FORBIDDEN, "The server refused: {said}",
	    "Ask the operator of {url}" },
	{ 409, NULL, VAULTENV_ERR_CONFLICT, "The server refused: {said}",
	    "Try again" },
	{ 413, NULL, VAULTENV_ERR_FORBIDDEN, "The server refused: {said}",
	    "Push less, or ask the operator of {url}" },
	{ 429, NULL, VAULTENV_ERR_SERVER, "{url} cannot answer now: {said}",
	    "Try again later" },
	{ 507, NULL, VAULTENV_ERR_SERVER, "Nothing was stored: {said}",
	    "Tell the operator of {url}" },
	{ 4, NULL, VAULTENV_ERR_FORBIDDEN, "The server refused: {said}",
	    "Correct it and try again" },
	{ 5, NULL, VAULTENV_ERR_SERVER, "{url} cannot answer now: {said}",
	    "Try again later" },
};

struct words {
	const char *name;
	const char *value;
};

/* The server's sentence, NULL if the reply is not one of a server of ours. */
static const char *
server_said(const struct call *call)
{
	const char *said = json_find_text(&call->reply, "error");

	return said != NULL && *said != '\0' ? said : NULL;
}

static bool
refusal_fits(const struct refusal *row, int status, const char *said)
{
	if (row->status != status && row->status != status / 100)
		return false;
	return row->word == NULL || strstr(said, row->word) != NULL;
}

/* text with its {words} filled in. The last of words stands for any other. */
static int
fill_in(struct blob *out, const char *text, const struct words *words,
    size_t n_words)
{
	const char *brace, *end;
	size_t i, len;
	int r;

	while ((brace = strchr(text, '{')) != NULL &&
	       (end = strchr(brace, '}')) != NULL) {
		len = (size_t)(end - brace - 1);
		for (i = 0; i < n_words - 1; i++) {
			if (strlen(words[i].name) == len &&
			    memcmp(words[i].name, brace + 1, len) == 0)
				break;
		}
		if ((r = blob_append(out, text, (size_t)(brace - text))) != 0 ||
		    (r = blob_append_str(out, words[i].value)) != 0)
			return r;
		text = end + 1;
	}
	return blob_append_str(out, text);
}

bool
refusal_is_pending(const struct call *call)
{
	const char *said = server_said(call);

	return call->http.status == 403 && said != NULL &&
	       strstr(said, "pending") != NULL;
}

/* No server of ours speaks like this: a proxy, or another service. */
static int
stranger_error(const struct call *call, struct vaultenv_error *err)
{
	const char *url = call->client->url;
	const int status = call->http.status;

	if (status / 100 == 3)
		return err_set(err, VAULTENV_ERR_PROTOCOL,
		    "Check the URL (VAULT_URL)",
		    "%s answers with a redirect (HTTP %d), which is not "
		    "followed",
		    url, status);
	if (status / 100 == 5 || status == 429)
		return err_set(err, VAULTENV_ERR_SERVER, "Try again later",
		    "%s cannot answer now: HTTP %d", url, status);
	return err_set(err, VAULTENV_ERR_PROTOCOL, "Check the URL (VAULT_URL)",
	    "%s answers HTTP %d, but not as a vault-env server does", url,
	    status);
}

/* Fills in err, in which a row's words are others'. NOMEM. */
static int
row_fill(const struct refusal *row, const struct words *words, size_t n_words,
    struct vaultenv_error *err)
{
	struct blob text, hint;
	int r;

	blob_init(&text, SENTENCE_MAX);
	blob_init(&hint, SENTENCE_MAX);
	if ((r = fill_in(&text, row->text, words, n_words)) == 0 &&
	    (r = fill_in(&hint, row->hint, words, n_words)) == 0)
		err_set(err, row->code, (const char *)hint.data, "%s",
		    (const char *)text.data);
	blob_reset(&text);
	blob_reset(&hint);
	return r;
}

/* What the server said, without full stops at its end. For free(). */
static char *
said_shown(const char *said)
{
	char *shown = text_printable(said, SAID_MAX);
	size_t len = shown == NULL ? 0 : strlen(shown);

	while (len > 0 && shown[len - 1] == '.')
		shown[--len] = '\0';
	return shown;
}

int
refusal_error(
    const struct call *call, const char *device_id, struct vaultenv_error *err)
{
	const struct vaultenv_client *c = call->client;
	const int status = call->http.status;
	const struct refusal *row = refusals;
	const char *said = server_said(call);
	char version[24] = "another", *shown;
	int64_t current = 0;
	int r;

	if (said == NULL || status < 400 || status > 599)
		return stranger_error(call, err);
	while (!refusal_fits(row, status, said))
		row++;
	if (row->code == VAULTENV_ERR_CONFLICT &&
	    json_find_int(&call->reply, "version", 0, &current))
		snprintf(version, sizeof(version), "%" PRId64, current);
	if ((shown = said_shown(said)) == NULL)
		return err_general(err, VAULTENV_ERR_NOMEM);
	const struct words words[] = {
		{ "url", c->url },
		{ "env", call->env },
		{ "project", c->project_id },
		{ "device", device_id != NULL ? device_id : "<id>" },
		{ "version", version },
		{ "said", shown },
	};

	r = row_fill(row, words, sizeof(words) / sizeof(words[0]), err);
	free(shown);
	if (r != 0)
		return err_general(err, VAULTENV_ERR_NOMEM);
	if (err != NULL)
		err->current_version = current;
	return row->code;
}
