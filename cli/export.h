/* SPDX-License-Identifier: MIT */
/*
 * export.h: the formats of export, each quoted for the program that reads it.
 */
#ifndef EXPORT_H
#define EXPORT_H

#include <vaultenv.h>

#include "text.h"

struct export_format {
	const char *name;
	/*
	 * k8s: the Secret's name. UNWRITABLE, naming the variable, when the
	 * reader would not get the same bytes back.
	 */
	int (*write)(struct text *out, const struct vaultenv_list *list,
	    const char *k8s, struct vaultenv_error *err);
	/*
	 * Not NULL: what is written is appended to the file that this variable
	 * names, and standard output gets export_masks().
	 */
	const char *append_to;
};

/* Commands for GitHub's runner, by which it hides the values in its log. */
void export_masks(struct text *out, const struct vaultenv_list *list);

/* NULL: there is no such format. */
const struct export_format *export_format_find(const char *name);

/* "env, json, …" */
extern const char export_format_names[];

/* True for what Kubernetes takes for a name: a DNS subdomain. */
bool export_k8s_name_is_valid(const char *name);

#endif
