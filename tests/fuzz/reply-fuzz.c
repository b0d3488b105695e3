/* SPDX-License-Identifier: MIT */
/*
 * What a hostile server can answer: the first byte picks the call, the second
 * the status, the rest is the reply. With call 8 the rest is a plaintext that
 * another client sealed. Nothing may crash, leak, or succeed with an object
 * that breaks its promises.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "client/client.h"

#define PROJECT "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"
#define N_CALLS 9

static struct {
	const uint8_t *data;
	size_t len;
	int status;
} answer;

static int
answer_give(void *arg, const char *url, const char *const *headers,
    const char *body, size_t body_len, int *status, char **reply,
    size_t *reply_len, char auth[VAULTENV_AUTH_MAX])
{
	(void)arg;
	(void)url;
	(void)headers;
	(void)body;
	(void)body_len;
	*status = answer.status;
	*reply_len = answer.len;
	if ((*reply = malloc(answer.len + 1)) == NULL)
		return VAULTENV_ERR_NOMEM;
	memcpy(*reply, answer.data, answer.len);
	return 0;
}

static struct vaultenv_client *
client_make(void)
{
	static const struct vaultenv_options opts = {
		.vault_key = "vk_" PROJECT "_secret",
		.device_secret = "68261667375"
				 "31be93230945ad6ece38ad59479993e63d5686614"
				 "4f9da40c1134",
		.environment = "production",
		.url = "https://vault.example",
		.transport = answer_give,
	};
	struct vaultenv_client *c = NULL;

	if (vaultenv_client_open(&opts, &c, NULL) != 0)
		abort();
	return c;
}

static void
check(bool good)
{
	if (!good)
		abort();
}

static void
pull(struct vaultenv_client *c)
{
	struct vaultenv_list *list = NULL;
	const struct vaultenv_pair *pair;
	int64_t version = 0;
	int r;

	r = vaultenv_secrets_pull(c, 0, &list, &version, NULL);
	check((r == 0) == (list != NULL));
	if (r != 0)
		return;
	check(version >= 1);
	for (size_t i = 0; i < vaultenv_list_len(list); i++) {
		pair = vaultenv_list_at(list, i);
		check(*pair->name != '\0' && strchr(pair->name, '=') == NULL);
		check(vaultenv_list_find(list, pair->name) == pair);
	}
	vaultenv_list_free(&list);
}

static void
devices(struct vaultenv_client *c)
{
	struct vaultenv_devices *list = NULL;

	if (vaultenv_device_list(c, &list, NULL) != 0) {
		check(list == NULL);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		check(strlen(list->at[i].id) == VAULTENV_PROJECT_ID_LEN &&
		      list->at[i].name != NULL && list->at[i].status != NULL);
	vaultenv_devices_free(&list);
}

static void
versions(struct vaultenv_client *c)
{
	struct vaultenv_versions *list = NULL;

	if (vaultenv_secrets_versions(c, &list, NULL) != 0) {
		check(list == NULL);
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		check(
		    list->at[i].version >= 1 && list->at[i].created_at != NULL);
	vaultenv_versions_free(&list);
}

static void
call(struct vaultenv_client *c, int which)
{
	struct vaultenv_device *device = NULL;
	struct vaultenv_error err;
	char id[VAULTENV_PROJECT_ID_LEN + 1], *at = NULL;
	int64_t version = 0;

	switch (which) {
	case 0:
		pull(c);
		break;
	case 1:
		devices(c);
		break;
	case 2:
		versions(c);
		break;
	case 3:
		vaultenv_secrets_current_version(c, &version, &at, NULL);
		free(at);
		break;
	case 4:
		vaultenv_device_register(c, "a", &device, &err);
		vaultenv_device_free(&device);
		break;
	case 5:
		vaultenv_project_create(c, "a", NULL, id, &err);
		break;
	case 6:
		if (vaultenv_secrets_rollback(c, 1, &version, &err) != 0)
			check(err.code < 0 &&
			      utf8_is_valid(err.text, strlen(err.text)));
		break;
	default:
		vaultenv_device_approve(c, PROJECT, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 401, 403, 404, 409, 400, 503,
		302 };
	static struct vaultenv_client *c;
	struct blob sealed;

	if (c == NULL)
		c = client_make();
	if (size < 2)
		return 0;
	answer.status = statuses[data[1] % 8];
	answer.data = data + 2;
	answer.len = size - 2;
	if (data[0] % N_CALLS != 8) {
		call(c, data[0] % N_CALLS);
		return 0;
	}
	blob_init(&sealed, REPLY_MAX);
	if (blob_append_str(&sealed, "{\"version\":1,\"secrets\":\"") == 0 &&
	    seal(&sealed, c->keys->encryption, data + 2, size - 2) == 0 &&
	    blob_append_str(&sealed, "\"}") == 0) {
		answer.data = sealed.data;
		answer.len = sealed.len;
		answer.status = 200;
		pull(c);
	}
	blob_reset(&sealed);
	return 0;
}
