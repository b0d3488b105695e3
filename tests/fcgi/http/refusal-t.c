/* SPDX-License-Identifier: MIT */
/*
 * refusal-t: every refusal has all it takes, and what lib/PROTOCOL, section 6,
 * promises clients is what the table says.
 */
#include "config.h"

#include <ctype.h>

#include "http/refusal.h"
#include "tap.h"

struct promise {
	int status;
	char code[40];
	char text[200]; /* with the lines that continue it */
};

static struct promise promises[100];
static int n_promises;

/* "  400     bad_request              what is wrong …" */
static void
read_line(char *line)
{
	struct promise *p = &promises[n_promises];
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "  %3d %39[a-z0-9_] %n", &p->status, p->code, &at) ==
		2 &&
	    at > 0) {
		snprintf(p->text, sizeof(p->text), "%s", line + at);
		n_promises++;
	} else if (n_promises > 0 && strncmp(line, "      ", 6) == 0) {
		p--;
		snprintf(p->text + strlen(p->text),
		    sizeof(p->text) - strlen(p->text), " %s",
		    line + strspn(line, " "));
	}
}

static void
read_protocol(void)
{
	const char *folder = getenv("TOP_SRCDIR");
	char path[4096], line[200];
	bool inside = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/lib/PROTOCOL",
	    folder != NULL ? folder : ".");
	if ((f = fopen(path, "r")) == NULL) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), f) != NULL && n_promises < 100) {
		if (isdigit((unsigned char)line[0]))
			inside = strncmp(line, "6.", 2) == 0;
		else if (inside)
			read_line(line);
	}
	fclose(f);
}

static const struct promise *
promise_of(const char *code)
{
	for (int i = 0; i < n_promises; i++)
		if (strcmp(promises[i].code, code) == 0)
			return &promises[i];
	return NULL;
}

/* "Sentence", "Sentence; and more" or "Sentence    (a note)" */
static bool
says(const struct promise *p, const char *sentence)
{
	const size_t len = strlen(sentence);

	return strncmp(p->text, sentence, len) == 0 &&
	       (p->text[len] == '\0' || p->text[len] == ';' ||
		   strncmp(p->text + len, "  ", 2) == 0);
}

static void
test_row(enum refusal refusal)
{
	const struct refusal_row *row = &refusals[refusal];
	const struct promise *p;

	if (!ok(row->status >= 400 && row->status < 600 && row->code != NULL &&
		    row->guard != NULL,
		"refusal %d has status, code and guard", refusal))
		return;
	for (int i = 1; i < (int)refusal; i++)
		if (strcmp(refusals[i].guard, row->guard) == 0)
			ok(false, "guard %s is that of %d too", row->guard, i);
	ok(row->sentence == NULL ||
		(isupper((unsigned char)row->sentence[0]) &&
		    row->sentence[strlen(row->sentence) - 1] != '.'),
	    "%s: a capital first, no full stop", row->guard);
	if (!ok((p = promise_of(row->code)) != NULL,
		"PROTOCOL knows the code %s", row->code))
		return;
	is_int(p->status, row->status, row->code);
	/* Else it describes what the sentence is about. */
	if (isupper((unsigned char)p->text[0]))
		ok(row->sentence != NULL && says(p, row->sentence), "%s: %s",
		    row->code, p->text);
	ok(row->member == NULL || strstr(p->text, row->member) != NULL,
	    "%s: PROTOCOL names the member that it may carry", row->code);
}

static void
test_promise(const struct promise *p)
{
	int n = 0;

	for (int i = 1; i < N_REFUSALS; i++)
		n += strcmp(refusals[i].code, p->code) == 0;
	ok(n > 0, "%s is a refusal of the server", p->code);
}

int
main(void)
{
	read_protocol();
	ok(n_promises > 25, "PROTOCOL lists %d codes", n_promises);
	for (int i = 1; i < N_REFUSALS; i++)
		test_row((enum refusal)i);
	for (int i = 0; i < n_promises; i++)
		test_promise(&promises[i]);
	return tap_done();
}
