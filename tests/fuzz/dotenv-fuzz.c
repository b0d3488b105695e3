/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as .env text: reading must end without a crash or a leak, and what
 * was read must, if it can be written at all, read the same once written. Every
 * name must be found again, in the text.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "disk/disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
each(const char *text, size_t len, const struct vaultenv_pair *pair)
{
	struct vaultenv_list *back = NULL;
	const struct vaultenv_pair *again;
	struct dotenv_assignment a;
	struct blob b;

	if (!envfile_find(text, len, pair->name, &a) || a.value < a.name ||
	    a.value > a.value_end || a.value_end > len)
		abort();
	blob_init(&b, (size_t)1 << 30);
	if (dotenv_append_pair(&b, pair, NULL) == 0) {
		/* What follows is as hostile as it gets. */
		if (blob_append(&b, "\n'\"`x'\n\"`'\n", 11) != 0 ||
		    vaultenv_dotenv_parse(
			(const char *)b.data, b.len, &back, NULL) != 0)
			abort();
		again = vaultenv_list_find(back, pair->name);
		if (again == NULL || again->value_len != pair->value_len ||
		    memcmp(again->value, pair->value, pair->value_len) != 0)
			abort();
	}
	vaultenv_list_free(&back);
	blob_reset(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vaultenv_list *list = NULL;
	const char *text = (const char *)data;

	if (vaultenv_dotenv_parse(text, size, &list, NULL) != 0)
		return 0;
	for (size_t i = 0; i < vaultenv_list_len(list) && i < 20; i++)
		each(text, size, vaultenv_list_at(list, i));
	vaultenv_list_free(&list);
	return 0;
}
