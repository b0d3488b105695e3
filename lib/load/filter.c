/* SPDX-License-Identifier: MIT */
/*
 * filter.c: which names of the vault and of the .env file a program gets. Must
 * not look at values, nor at where a list comes from otherwise.
 */
#include "config.h"

#include "load/load.h"

static bool
is_allowed(const struct load_job *job, const char *name)
{
	return vaultenv_list_find(job->allowed, name) != NULL;
}

enum verdict
filter_vault(const struct load_job *job, const char *name)
{
	if (vaultenv_name_is_reserved(name))
		return VERDICT_DROP;
	return vaultenv_name_runs_code(name) && !is_allowed(job, name)
		   ? VERDICT_LEAVE_OUT
		   : VERDICT_TAKE;
}

enum verdict
filter_file(const struct load_job *job, const char *name)
{
	if (name_is_secret_key(name))
		return VERDICT_DROP;
	return name_runs_code_in_file(name) && !is_allowed(job, name)
		   ? VERDICT_LEAVE_OUT
		   : VERDICT_TAKE;
}

static bool
takes_all(const struct load_job *job, filter_judge *judge,
    const struct vaultenv_list *list)
{
	const struct vaultenv_pair *pair;

	for (size_t i = 0; (pair = vaultenv_list_at(list, i)) != NULL; i++)
		if (judge(job, pair->name) != VERDICT_TAKE)
			return false;
	return true;
}

int
filter_list(const struct load_job *job, filter_judge *judge,
    struct vaultenv_list **list, struct vaultenv_list *left_out)
{
	const struct vaultenv_pair *pair;
	struct vaultenv_list *taken = NULL;
	int r;

	/* Nearly always: then the list itself will do. */
	if (takes_all(job, judge, *list))
		return 0;
	r = vaultenv_list_new(&taken);
	for (size_t i = 0;
	     r == 0 && (pair = vaultenv_list_at(*list, i)) != NULL; i++)
		switch (judge(job, pair->name)) {
		case VERDICT_TAKE:
			r = vaultenv_list_set(
			    taken, pair->name, pair->value, pair->value_len);
			break;
		case VERDICT_LEAVE_OUT:
			r = vaultenv_list_set(left_out, pair->name, "", 0);
			break;
		case VERDICT_DROP:
			break;
		}
	if (r != 0) {
		vaultenv_list_free(&taken);
		return r;
	}
	vaultenv_list_free(list);
	*list = taken;
	return 0;
}
