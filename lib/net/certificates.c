/* SPDX-License-Identifier: MIT */
/*
 * certificates.c: whose certificates are trusted. Must not make a request.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/curl.h"

/* *out, if it is NULL yet, becomes a copy of the variable. False: no memory. */
static bool
path_find(char **out, const char *variable)
{
	const char *value;
	size_t len;

	if (*out != NULL || variable == NULL ||
	    (value = variable_get(variable, &len)) == NULL)
		return true;
	return (*out = strndup(value, len)) != NULL;
}

bool
certificates_find(struct certificates *c, const struct vaultenv_options *opts)
{
	if (opts->ca_file != NULL && (c->file = strdup(opts->ca_file)) == NULL)
		return false;
	if (!path_find(&c->file, "VAULT_CA_FILE") ||
	    !path_find(&c->file, opts->ca_variable))
		return false;
	c->alone = c->file != NULL;
	return c->alone || (path_find(&c->file, opts->extra_ca_variable) &&
			       path_find(&c->file, "SSL_CERT_FILE") &&
			       path_find(&c->dir, "SSL_CERT_DIR"));
}

void
certificates_reset(struct certificates *c)
{
	free(c->file);
	free(c->dir);
	*c = (struct certificates){ .file = NULL };
}

/* A folder holds certificates under their hashes, as c_rehash(1) names them. */
static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * libcurl's own are a folder and a file of the same certificates, usually. In
 * the folder OpenSSL looks up the one that it needs; the file it would read
 * whole, which takes longer than all else together (20 ms for 144
 * certificates). So the file waits until a folder has not sufficed.
 */
CURLcode
certificates_set(
    struct certificates *c, const struct curl_functions *libcurl, CURL *curl)
{
	const curl_version_info_data *own =
	    libcurl->version_info(CURLVERSION_NOW);
	const char *file = c->file, *dir = c->dir;
	CURLcode r = CURLE_OK;

	if (file != NULL && is_folder(file)) {
		dir = file;
		file = NULL;
	}
	if (file == NULL && !c->alone && (dir != NULL || own->capath != NULL))
		c->later = own->cainfo;
	/* NULL here is none, not libcurl's own. */
	if (file != NULL || c->alone || c->later != NULL)
		r = libcurl->easy_setopt(curl, CURLOPT_CAINFO, file);
	if (r == CURLE_OK && (dir != NULL || c->alone))
		r = libcurl->easy_setopt(curl, CURLOPT_CAPATH, dir);
	return r;
}

bool
certificates_set_all(
    struct certificates *c, const struct curl_functions *libcurl, CURL *curl)
{
	const char *later = c->later;

	c->later = NULL;
	return later != NULL &&
	       libcurl->easy_setopt(curl, CURLOPT_CAINFO, later) == CURLE_OK;
}
