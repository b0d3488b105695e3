/* SPDX-License-Identifier: MIT */
/*
 * files.c: the .env files of a load: one that lies over others, read by the
 * library, or by JavaScript where they are not in UTF-8.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* A file that JavaScript has read: { fd, bytes }; without bytes there is none.
 */
static int
text_take(napi_env env, napi_value text, const char *path,
    struct vaultenv_envfile **out, struct vaultenv_error *err)
{
	napi_value buffer;
	void *bytes = NULL;
	size_t len = 0;
	bool is_buffer = false;

	if (napi_get_named_property(env, text, "bytes", &buffer) != napi_ok ||
	    napi_is_buffer(env, buffer, &is_buffer) != napi_ok || !is_buffer ||
	    napi_get_buffer_info(env, buffer, &bytes, &len) != napi_ok)
		return vaultenv_envfile_from(path, -1, NULL, 0, out, err);
	return vaultenv_envfile_from(path, (int)js_get_int(env, text, "fd", -1),
	    len > 0 ? bytes : "", len, out, err);
}

/* Lays *layer under what there is already. */
static void
layer_add(struct settings *s, struct vaultenv_envfile **layer)
{
	if (s->file == NULL) {
		s->file = *layer;
		*layer = NULL;
	} else {
		vaultenv_envfile_lay(s->file, layer);
	}
}

static const char *
path_of(const struct settings *s, uint32_t i)
{
	return i == 0 ? s->client.path : s->layers[i - 1];
}

void
files_take(napi_env env, napi_value texts, struct settings *s)
{
	struct vaultenv_envfile *layer = NULL;
	napi_value text;
	uint32_t n = 0;

	napi_get_array_length(env, texts, &n);
	for (uint32_t i = 0; s->file_status == 0 && i < n; i++) {
		if (napi_get_element(env, texts, i, &text) != napi_ok)
			break;
		s->file_status =
		    text_take(env, text, path_of(s, i), &layer, &s->file_err);
		if (s->file_status == 0)
			layer_add(s, &layer);
	}
}

int
files_read(struct settings *s, struct vaultenv_error *err)
{
	struct vaultenv_envfile *layer = NULL;
	uint32_t n = 1;
	int r;

	if (s->file_status != 0) {
		*err = s->file_err;
		return s->file_status;
	}
	while (s->layers != NULL && s->layers[n - 1] != NULL)
		n++;
	for (uint32_t i = s->file != NULL ? n : 0; i < n; i++) {
		r = vaultenv_envfile_read(path_of(s, i), &layer, err);
		if (r != 0)
			return r;
		layer_add(s, &layer);
	}
	s->client.file = s->file;
	return 0;
}
