/* SPDX-License-Identifier: MIT */
/*
 * bare-curl.c: one POST with libcurl as it comes, nothing before and nothing
 * after: bare-curl URL CA-FILE HEADER BODY. Fails unless the answer is 200.
 */
#include "config.h"

#include <curl/curl.h>
#include <stdio.h>

static size_t
discard(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

int
main(int argc, char **argv)
{
	struct curl_slist *headers = NULL;
	CURLcode r = CURLE_FAILED_INIT;
	long status = 0;
	CURL *curl;

	if (argc != 5) {
		fputs("usage: bare-curl URL CA-FILE HEADER BODY\n", stderr);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	headers = curl_slist_append(headers, "Content-Type: application/json");
	headers = curl_slist_append(headers, argv[3]);
	if ((curl = curl_easy_init()) != NULL) {
		curl_easy_setopt(curl, CURLOPT_URL, argv[1]);
		curl_easy_setopt(curl, CURLOPT_CAINFO, argv[2]);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, argv[4]);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
		r = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	if (r != CURLE_OK || status != 200) {
		fprintf(stderr, "bare-curl: %s, status %ld\n",
		    curl_easy_strerror(r), status);
		return 1;
	}
	return 0;
}
