/* SPDX-License-Identifier: MIT */
/*
 * joining.c: registrations and the request keys that come with them.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/joining.h"
#include "common/clock.h"
#include "common/settings.h"
#include "trust/registration.h"

#define URLS_MAX 16

/* The server's own URLs, which take up `memory`, a copy of the setting. */
static size_t
split_urls(char *memory, const char *urls[URLS_MAX])
{
	char *rest = NULL;
	size_t n = 0;

	for (char *url = strtok_r(memory, " ", &rest);
	     url != NULL && n < URLS_MAX; url = strtok_r(NULL, " ", &rest))
		urls[n++] = url;
	return n;
}

int
joining_check(struct call *c, const struct registration *g,
    const uint8_t (*joins)[PUBLIC_KEY_LEN], size_t n_joins, size_t *generation)
{
	const char *hex = c->in.text[FIELD_REQUEST_KEY], *urls[URLS_MAX];
	char *memory = strdup(c->server->settings->url);
	struct register_now now = { .urls = urls, .now_ms = clock_unix_ms() };
	const struct register_rules rules = { .project =
						  c->in.text[FIELD_PROJECT_ID],
		.joins = joins,
		.n_joins = n_joins,
		.now = &now };
	uint8_t key[KEY_LEN];
	int r = VAULTENV_ERR_NOMEM;

	if (memory == NULL)
		goto out;
	now.n_urls = split_urls(memory, urls);
	r = VAULTENV_ERR_INVALID;
	if (hex == NULL || hex_decode(key, KEY_LEN, hex, strlen(hex)) != 0 ||
	    request_id(now.request_id, key) != 0)
		goto out;
	r = registration_check(g, &rules, generation);
out:
	mem_wipe(key, sizeof(key));
	free(memory);
	return r;
}

int
joining_seal(
    struct call *c, const struct registration *g, uint8_t sealed[SEALED_LEN])
{
	const char *hex = c->in.text[FIELD_REQUEST_KEY];
	const struct key_owner owner = { .project = g->project,
		.device = g->device,
		.request_id = g->request_id };
	uint8_t key[KEY_LEN];
	int r = hex_decode(key, KEY_LEN, hex, strlen(hex));

	if (r == 0)
		r = serverkey_seal(c->server->key, sealed, key, &owner);
	mem_wipe(key, sizeof(key));
	return r;
}

/* With the server's time, by which the client may try again. */
static void
refuse_time(struct call *c)
{
	struct json_writer *body = &c->reply->body;

	v2_refuse_new(c, "registration", CODE_REGISTER_TIME);
	body->text.len--; /* the closing bracket */
	json_put_int(body, "now", clock_unix_ms());
	json_end(body, '}');
}

void
joining_refuse(struct call *c, int code)
{
	if (code == CODE_REGISTER_URL)
		reply_refuse_as(c->reply, REFUSAL_REGISTER_URL,
		    c->server->settings->url[0] == '\0'
			? "This server speaks protocol v1 only: set url in "
			  "vault.conf, or make a project for it by vault-env "
			  "init --protocol 1"
			: "This server is not the one that the device was "
			  "registered for: use its own URL, or add yours to "
			  "url in vault.conf");
	else if (code == CODE_REGISTER_TIME)
		refuse_time(c);
	else
		v2_refuse_new(c, "registration", code);
}

int
joining_keys(struct call *c, struct blob *joins)
{
	struct db_params p = { .n = 0 };
	struct db_elements e;
	struct db_result r;
	const uint8_t *data;
	size_t len;
	int result = -1;

	db_text(&p, c->in.text[FIELD_PROJECT_ID]);
	if (v2_exec(c, PROJECT_JOINS, &p, "", 0, &r) != 0)
		goto out;
	result = 0;
	db_get_elements(&r, 0, "joins", &e);
	while (result == 0 && db_element_next(&e, &data, &len))
		result = len == PUBLIC_KEY_LEN ? blob_append(joins, data, len)
					       : VAULTENV_ERR_INVALID;
	if (result != 0 || joins->len == 0) {
		reply_refuse(c->reply, REFUSAL_INTERNAL);
		result = -1;
	}
out:
	db_result_free(&r);
	return result;
}
