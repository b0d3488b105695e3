/* SPDX-License-Identifier: MIT */
/*
 * logfile.c: ~/.vault/<project id>.log: the verified log, an entry in base64 a
 * line. It saves asking and verifying again, no more: whatever is wrong with
 * the file, the pin in .heads holds, so the file may count as absent. Must not
 * look at a signature, nor know a server.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "disk/state-v2.h"

int
logfile_entries(
    const struct blob *lines, struct text **entries, size_t *n_entries)
{
	const char *at = (const char *)lines->data, *end;
	size_t left = lines->len, n = 0;
	struct text *texts;

	*entries = NULL;
	*n_entries = 0;
	if (left > 0 && at[left - 1] != '\n')
		return VAULTENV_ERR_INVALID;
	for (size_t i = 0; i < left; i++)
		n += at[i] == '\n';
	if ((texts = calloc(n + 1, sizeof(*texts))) == NULL)
		return VAULTENV_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		end = memchr(at, '\n', left);
		texts[i] = (struct text){ at, (size_t)(end - at) };
		left -= texts[i].len + 1;
		at = end + 1;
	}
	*entries = texts;
	*n_entries = n;
	return 0;
}

int
logfile_add(struct blob *lines, const struct text *entries, size_t n_entries)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_entries; i++)
		if ((r = blob_append(lines, entries[i].at, entries[i].len)) ==
		    0)
			r = blob_append(lines, "\n", 1);
	return r;
}

int
logfile_read(
    const struct project_files *files, struct members *log, struct blob *lines)
{
	struct text *entries = NULL;
	size_t n, n_good;
	int r;

	if (files->log == NULL)
		return 0;
	r = store_read_kept(files->log, LOG_FILE_MAX, lines, NULL);
	if (r == 0 && (r = logfile_entries(lines, &entries, &n)) == 0)
		r = members_continue(log, 0, entries, n, false, &n_good);
	free(entries);
	if (r == 0)
		return 0;
	members_reset(log);
	blob_reset(lines);
	return r == VAULTENV_ERR_NOMEM || r == VAULTENV_ERR_CRYPTO ? r : 0;
}

/* True if the file has all of log, and maybe more. */
static int
is_kept(const struct project_files *files, const struct members *log, bool *yes)
{
	const size_t last = log->n_steps - 1;
	struct members there;
	struct blob lines;
	int r;

	members_init(&there, log->project);
	blob_init(&lines, LOG_FILE_MAX);
	r = logfile_read(files, &there, &lines);
	*yes = r == 0 && there.n_steps > last &&
	       memcmp(there.steps[last].hash, log->steps[last].hash,
		   HASH_LEN) == 0;
	blob_reset(&lines);
	members_reset(&there);
	return r;
}

int
logfile_write(const struct project_files *files, const struct members *log,
    const struct blob *lines, struct vaultenv_error *err)
{
	bool kept;
	int r;

	if ((r = is_kept(files, log, &kept)) != 0)
		return err_general(err, r);
	if (kept)
		return 0;
	return vaultenv_file_write(
	    files->log, (const char *)lines->data, lines->len, err);
}
