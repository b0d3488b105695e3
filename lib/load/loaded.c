/* SPDX-License-Identifier: MIT */
/*
 * loaded.c: what a program sees: the secrets but for names that are not the
 * vault's to set, and over them the .env file's own variables. Must not know
 * where the secrets came from.
 */
#include "config.h"

#include <stdlib.h>

#include "load/load.h"

#define VALUE_MAX ((size_t)16 << 20)

/* One by one: with expand A=${A}:more may follow an A of the same file. */
static int
lay_expanded(const struct load_job *job, const struct vaultenv_envfile *file,
    struct vaultenv_list *list)
{
	const struct expand_scope scope = { list, job->environment,
		job->options.override != 0 };
	struct dotenv_assignment a;
	struct blob scratch, value;
	struct dotenv_scan scan;
	const char *raw;
	size_t raw_len;
	int r = 0;

	blob_init(&scratch, file->len);
	blob_init(&value, VALUE_MAX);
	dotenv_scan_init(&scan, file->text, file->len);
	while (r == 0 && dotenv_next(&scan, &a)) {
		blob_reset(&value);
		if ((r = dotenv_value(&scan, &a, &scratch, &raw, &raw_len)) ==
			0 &&
		    (r = expand_value(&value, raw, raw_len, &scope)) == 0)
			r = list_set(list, file->text + a.name, a.name_len,
			    (const char *)value.data, value.len);
	}
	blob_reset(&scratch);
	blob_reset(&value);
	return r;
}

static int
lay_layer(const struct load_job *job, const struct vaultenv_envfile *file,
    struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;
	int r = 0;

	if (job->options.expand)
		return lay_expanded(job, file, list);
	for (size_t i = 0;
	     r == 0 && (pair = vaultenv_list_at(file->list, i)) != NULL; i++)
		r = vaultenv_list_set(
		    list, pair->name, pair->value, pair->value_len);
	return r;
}

/* What is laid last counts: the first layer or, with override, the last. */
static int
lay_layers(const struct load_job *job, const struct vaultenv_envfile *file,
    struct vaultenv_list *list)
{
	int r = 0;

	if (file == NULL)
		return 0;
	if (job->options.override && (r = lay_layer(job, file, list)) != 0)
		return r;
	if ((r = lay_layers(job, file->under, list)) != 0)
		return r;
	return job->options.override ? 0 : lay_layer(job, file, list);
}

/* The file's own variables, over what the vault has. No file: none. */
static int
lay_file(const struct load_job *job, struct vaultenv_list *list,
    struct vaultenv_error *err)
{
	int r = lay_layers(job, job->file, list);

	if (r == VAULTENV_ERR_INVALID)
		err_set(err, r, "Split them",
		    "%s and the secrets have more than 1,000,000 names or 16 "
		    "MiB of values",
		    job->file->path);
	else if (r != 0)
		err_general(err, r);
	return r;
}

static int
variables_begin(const struct load_job *job, struct vaultenv_list **secrets,
    struct vaultenv_loaded *loaded)
{
	if (secrets == NULL)
		return vaultenv_list_new(&loaded->variables);
	loaded->variables = *secrets;
	*secrets = NULL;
	return filter_list(
	    job, filter_vault, &loaded->variables, loaded->left_out);
}

/* Whoever pushes, or sets a secret, would wonder. A line for each layer. */
static void
hidden_notify(const struct load_job *job, const struct vaultenv_list *secrets)
{
	const struct vaultenv_envfile *file;
	char *text;

	for (file = job->file; file != NULL; file = file->under) {
		text = vaultenv_envfile_hides_text(file, secrets);
		if (text != NULL)
			notice_give(&job->notice, text);
		free(text);
	}
}

int
loaded_new(const struct load_job *job, struct vaultenv_list **secrets,
    struct vaultenv_loaded **out, struct vaultenv_error *err)
{
	struct vaultenv_loaded *loaded;
	int r = VAULTENV_ERR_NOMEM;

	if ((loaded = calloc(1, sizeof(*loaded))) == NULL ||
	    (r = vaultenv_list_new(&loaded->left_out)) != 0 ||
	    (r = variables_begin(job, secrets, loaded)) != 0) {
		err_general(err, r);
		goto out;
	}
	hidden_notify(job, loaded->variables);
	if ((r = lay_file(job, loaded->variables, err)) != 0)
		goto out;
	if ((r = filter_list(job, filter_file, &loaded->variables,
		 loaded->left_out)) != 0) {
		err_general(err, r);
		goto out;
	}
	*out = loaded;
	loaded = NULL;
out:
	vaultenv_loaded_free(&loaded);
	return r;
}

void
left_out_notify(
    const struct load_job *job, const struct vaultenv_loaded *loaded)
{
	char *text = vaultenv_left_out_text(loaded->left_out);

	if (text != NULL)
		notice_give(&job->notice, text);
	free(text);
}

void
vaultenv_loaded_free(struct vaultenv_loaded **loaded)
{
	if (loaded == NULL || *loaded == NULL)
		return;
	vaultenv_list_free(&(*loaded)->variables);
	vaultenv_list_free(&(*loaded)->left_out);
	vaultenv_envfile_free(&(*loaded)->file);
	free(*loaded);
	*loaded = NULL;
}
