/* SPDX-License-Identifier: MIT */
/*
 * curl.c: the only file that knows that libcurl is loaded late. Its thirty
 * shared libraries cost more start-up time than all else that a command does,
 * and most commands make no request. Never unloads: libcurl and what it brings
 * leave handlers and thread-local data behind.
 */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "net/curl.h"

/* No folder: where it is, is the dynamic loader's to say, setuid included. */
#define LIBRARY "libcurl.so.4"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct curl_functions functions;
static char problem[256]; /* "": there is none */

/* Copied: ISO C casts no pointer to an object into one to a function. */
static void
load(void)
{
	void *library, *symbol;
	CURLcode r;

	if ((library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL)) == NULL)
		goto failed;
#define X(name)                                                                \
	if ((symbol = dlsym(library, "curl_" #name)) == NULL)                  \
		goto failed;                                                   \
	memcpy(&functions.name, &symbol, sizeof(symbol));
	CURL_FUNCTIONS(X)
#undef X
	if ((r = functions.global_init(CURL_GLOBAL_DEFAULT)) != CURLE_OK)
		snprintf(
		    problem, sizeof(problem), "%s", functions.easy_strerror(r));
	return;
failed:
	snprintf(problem, sizeof(problem), "%s", dlerror());
}

int
curl_load(const struct curl_functions **out, struct vaultenv_error *err)
{
	pthread_once(&once, load);
	if (problem[0] != '\0')
		return err_set(err, VAULTENV_ERR_IO, "Install libcurl4",
		    "libcurl cannot be loaded: %s", problem);
	*out = &functions;
	return 0;
}
