/* SPDX-License-Identifier: MIT */
/*
 * log-t: the line of a request, whatever a client puts into it.
 */
#include "config.h"

#include "common/log.h"
#include "tap.h"

static void
logs(const struct log_request *r, const char *want)
{
	char line[5000];

	log_request_format(line, sizeof(line), r, INT64_C(1790000000007));
	is_str(line, want, "a line as it should be");
}

#define T "time=2026-09-21T14:13:20.007Z "

int
main(void)
{
	char line[5000], path[400];

	logs(&(struct log_request){ .method = "POST",
		 .path = "/api/v1/secrets/push",
		 .status = 409,
		 .us = 1234,
		 .project = "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11",
		 .device = "",
		 .guard = "version_conflict" },
	    T "method=POST path=/api/v1/secrets/push status=409 us=1234 "
	      "project=4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11 device=- "
	      "guard=version_conflict");
	logs(&(struct log_request){ .status = 200 },
	    T "method=- path=- "
	      "status=200 us=0 project=- device=- guard=-");
	logs(
	    &(struct log_request){
		.method = "G T", .path = "-", .status = 400 },
	    T "method=\"G T\" path=\"-\" status=400 us=0 "
	      "project=- device=- guard=-");
	logs(&(struct log_request){ .path = "/a\nstatus=200 \"\\\x1b\xff",
		 .status = 404 },
	    T "method=- "
	      "path=\"/a\\u000astatus=200 \\\"\\\\\\u001b\\u00ff\" "
	      "status=404 us=0 project=- device=- guard=-");
	memset(path, 0x01, sizeof(path));
	path[399] = '\0';
	log_request_format(line, sizeof(line),
	    &(struct log_request){
		.path = path, .method = path, .status = 404 },
	    0);
	ok(strstr(line, " guard=-") != NULL, "the longest line is whole");
	memset(path, 'a', 399);
	log_request_format(line, sizeof(line),
	    &(struct log_request){ .path = path, .status = 404 }, 0);
	ok(strlen(line) < 320, "a long path is cut (%zu)", strlen(line));
	ok(log_request_format(line, 10,
	       &(struct log_request){ .path = "/", .status = 1 }, 0) == 9 &&
		line[9] == '\0',
	    "never more than there is room for");
	return tap_done();
}
