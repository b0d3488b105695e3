/* SPDX-License-Identifier: MIT */
/* sentence.h: what a user reads for a code: of what, by whom, when. */
#ifndef TRUST_SENTENCE_H
#define TRUST_SENTENCE_H

#include "trust/members.h"

/* What a sentence may need beside a finding. NULL: not known. */
struct sentence_about {
	const struct members *log; /* knows devices by name */
	const char *env;
	const char *file;
	const char *url;
	const char *age; /* "3 days old" */
	const char *allowed;
	const char *fresh;
	const char *own; /* this device's id */
};

/* Append the code's text and its hint, without an end stop each. why may be
 * NULL. */
int sentence_write(struct blob *text, struct blob *hint, int code,
    const struct finding *why, const struct sentence_about *about);

#endif
