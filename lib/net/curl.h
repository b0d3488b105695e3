/* SPDX-License-Identifier: MIT */
/*
 * curl.h: the few functions of libcurl that transport.c uses, by pointer:
 * libcurl is loaded when the first request is made and never before. For
 * this room alone.
 */
#ifndef VAULTENV_CURL_H
#define VAULTENV_CURL_H

/* The checking macros go by the functions' names, and here they have none. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/base.h"

#define CURL_FUNCTIONS(X)                                                      \
	X(global_init)                                                         \
	X(easy_init)                                                           \
	X(easy_cleanup)                                                        \
	X(easy_setopt)                                                         \
	X(easy_perform)                                                        \
	X(easy_getinfo)                                                        \
	X(easy_header)                                                         \
	X(easy_strerror)                                                       \
	X(slist_append)                                                        \
	X(slist_free_all)                                                      \
	X(getdate)                                                             \
	X(version_info)

struct curl_functions {
#define X(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(X)
#undef X
};

/*
 * *out lives for ever, its global_init() has been called. Any thread may ask,
 * any number of times. IO: libcurl is not installed, or too old.
 */
int curl_load(const struct curl_functions **out, struct vaultenv_error *err);

/* ---- certificates.c: whose certificates are trusted ---- */

struct certificates {
	char *file, *dir;  /* NULL: libcurl's own */
	bool alone;        /* what file names, and no other */
	const char *later; /* libcurl's own file, until it is needed */
};

/* A file or folder that was named for this program, alone; otherwise what
 * OpenSSL's programs go by, each in place of the system's file or folder.
 * False: no memory. */
bool
certificates_find(struct certificates *c, const struct vaultenv_options *opts);
void certificates_reset(struct certificates *c);
CURLcode certificates_set(
    struct certificates *c, const struct curl_functions *libcurl, CURL *curl);
/* After CURLE_PEER_FAILED_VERIFICATION. False: that was all. */
bool certificates_set_all(
    struct certificates *c, const struct curl_functions *libcurl, CURL *curl);

/* ---- failure.c ---- */

#define URL_HINT "Check the URL (VAULT_URL)"

struct curl_failure {
	const struct curl_functions *libcurl;
	CURL *curl;
	CURLcode code;
	const char *words;   /* CURLOPT_ERRORBUFFER */
	const char *ca_file; /* that was named; NULL: none */
};

/* The connection broke on the way: the request may have been served. */
bool curl_broke(CURLcode code);
/* Sets err for a request to url, whose first url_len bytes are shown. */
int curl_error(const struct curl_failure *f, const char *url, size_t url_len,
    struct vaultenv_error *err);

#endif /* VAULTENV_CURL_H */
