/* SPDX-License-Identifier: MIT */
/*
 * fake.h: a server in the client's transport callback. It gives the answers
 * that a test lines up and keeps what it was sent. Also the names of the keys
 * of tests/vectors/protocol-v1.json and a home folder of the test's own.
 */
#ifndef FAKE_H
#define FAKE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sentence.h"
#include "tap.h"
#include "vaultenv.h"

#define PROJECT "4f1f6c0e-7b0a-4c57-9a51-0d8f0b1b6f11"
#define KEY                                                                    \
	"vk_" PROJECT                                                          \
	"_1546d80ac7720fac55c6cc7ceea125a01c8d3abaca9787fc0b99bc3d76500294"
#define AUTH_KEY                                                               \
	"c26b6eb13966705b3db9bbb7a1583480123d6642fb3ab68455fd9122625bb83a"
#define SECRET                                                                 \
	"6826166737531be93230945ad6ece38ad59479993e63d56866144f9da40c1134"
#define DEVICE_HASH                                                            \
	"bdc59962d7f2617bc119fc7b86aba043bb1fa5f0e95255a4d4a23fecd50b77ba"
#define DEVICE_ID "0b6ee3f4-5d3f-4d6e-8c5c-1f0c4f3c9a10"
#define FAKE_URL  "https://vault.example"

#define FAKE_MAX  4

struct fake {
	struct {
		int status;
		const char *text;
		int fails;   /* not 0: this code instead of an answer */
	} answers[FAKE_MAX]; /* the last one again, when they run out */
	int n_answers;
	struct {
		char url[512];
		char headers[1024]; /* "Name: value\n" each */
		char *body;
		size_t len;
	} calls[FAKE_MAX];
	int n_calls;
	char notice[VAULTENV_ERROR_TEXT];
};

static inline int
fake_transport(void *arg, const char *url, const char *const *headers,
    const char *body, size_t len, int *status, char **reply, size_t *reply_len,
    char auth[VAULTENV_AUTH_MAX])
{
	struct fake *f = arg;
	int n = f->n_calls < FAKE_MAX ? f->n_calls : FAKE_MAX - 1;
	int a = n < f->n_answers ? n : f->n_answers - 1;
	size_t used = 0;

	f->n_calls++;
	free(f->calls[n].body);
	f->calls[n].body = strndup(body, len);
	f->calls[n].len = len;
	snprintf(f->calls[n].url, sizeof(f->calls[n].url), "%s", url);
	f->calls[n].headers[0] = '\0';
	for (; *headers != NULL; headers++)
		used += (size_t)snprintf(f->calls[n].headers + used,
		    sizeof(f->calls[n].headers) - used, "%s\n", *headers);
	if (f->answers[a].fails != 0)
		return f->answers[a].fails;
	*status = f->answers[a].status;
	*reply = strdup(f->answers[a].text);
	*reply_len = strlen(f->answers[a].text);
	return 0;
}

static inline void
fake_notice(void *arg, const char *text)
{
	struct fake *f = arg;

	snprintf(f->notice, sizeof(f->notice), "%s", text);
}

static inline void
fake_reset(struct fake *f)
{
	for (int i = 0; i < FAKE_MAX; i++)
		free(f->calls[i].body);
	memset(f, 0, sizeof(*f));
}

/* Forgets what was; from now on every call is answered like this. */
static inline void
fake_answer(struct fake *f, int status, const char *text)
{
	fake_reset(f);
	f->answers[0].status = status;
	f->answers[0].text = text;
	f->n_answers = 1;
}

/* There is nothing to test without one. */
static inline struct vaultenv_client *
client_opened(const struct vaultenv_options *opts)
{
	struct vaultenv_client *c = NULL;
	struct vaultenv_error err;

	if (vaultenv_client_open(opts, &c, &err) != 0) {
		printf("Bail out! %s\n", sentence(&err));
		exit(1);
	}
	return c;
}

/* A client of the fake with the vectors' key; secret NULL: what is found. */
static inline struct vaultenv_client *
fake_client(struct fake *f, const char *secret)
{
	struct vaultenv_options opts = { .vault_key = KEY,
		.device_secret = secret,
		.environment = "production",
		.url = FAKE_URL,
		.transport = fake_transport,
		.transport_arg = f,
		.notice = fake_notice,
		.notice_arg = f };

	return client_opened(&opts);
}

/* A new empty home folder, the working directory too; no VAULT_ variables. */
static inline void
fake_home(char home[64])
{
	static const char *const names[] = { "VAULT_KEY", "VAULT_URL",
		"VAULT_DEVICE_SECRET", "VAULT_CA_FILE", "NODE_ENV",
		"ENVIRONMENT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	strcpy(home, "/tmp/vaultenv-t.XXXXXX");
	if (mkdtemp(home) == NULL || chdir(home) != 0) {
		printf("Bail out! no folder %s\n", home);
		exit(1);
	}
	setenv("HOME", home, 1);
}

static inline void
fake_home_remove(const char *home)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	if (chdir("/") != 0 || system(command) != 0)
		printf("# %s is still there\n", home);
}

/* A file with exactly this text and mode. */
static inline void
fake_write(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    chmod(path, mode) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

#endif
