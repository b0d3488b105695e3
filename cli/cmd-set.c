/* SPDX-License-Identifier: MIT */
/*
 * cmd-set.c: gives one name a value, as the next version. The value comes from
 * the terminal, unseen, or from stdin, so that no other process sees it.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "edit.h"
#include "output.h"
#include "text.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP,
	SIGTTIN, SIGTTOU };

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;

static void catch (int sig)
{
	caught = sig;
}

/*
 * Up to the end of the line, or of the file. An errno. mask: the signals that
 * are blocked while nothing is waited for; NULL: as they are.
 */
static int
bytes_read(struct text *text, const sigset_t *mask)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int error = 0;
	ssize_t n;

	do {
		if (mask != NULL && ppoll(&in, 1, NULL, mask) < 0) {
			error = errno;
			break;
		}
		if ((n = text_read(text, STDIN_FILENO)) < 0)
			error = errno;
	} while (n > 0 && !text->failed &&
		 !(mask != NULL && text->bytes[text->len - 1] == '\n'));
	return error;
}

/* As if the signal had come outside: it ends or stops us, or is ignored. */
static void
signal_again(int sig)
{
	if (sig == 0)
		return;
	caught = 0;
	raise(sig);
}

/* With the echo off; a signal finds the terminal as it was. */
static int
terminal_read(struct text *text, const char *name)
{
	struct sigaction own = { .sa_handler = catch }, old[N_SIGNALS];
	struct termios before, quiet;
	sigset_t block, mask;
	int error, sig;

	sigemptyset(&block);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&block, signals[i]);
	do {
		caught = 0;
		if (tcgetattr(STDIN_FILENO, &before) != 0)
			return errno;
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
		sigprocmask(SIG_BLOCK, &block, &mask);
		for (size_t i = 0; i < N_SIGNALS; i++)
			sigaction(signals[i], &own, &old[i]);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		fprintf(stderr, "Value of %s: ", name);
		error = bytes_read(text, &mask);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
		for (size_t i = 0; i < N_SIGNALS; i++)
			sigaction(signals[i], &old[i], NULL);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		if ((sig = caught) != 0)
			text_wipe(text);
		signal_again(sig);
	} while (sig != 0);
	return error;
}

static int
value_read(struct text *text, const char *name)
{
	char hint[VAULTENV_ERROR_HINT];
	int error;

	if (isatty(STDIN_FILENO))
		error = terminal_read(text, name);
	else
		error = bytes_read(text, NULL);
	if (error != 0 || text->failed) {
		error_print(NULL, "Cannot read the value: %s",
		    error != 0 ? strerror(error) : "it is too long");
		return EXIT_FAILED;
	}
	if (text->len > 0 && text->bytes[text->len - 1] == '\n')
		text->len--;
	if (text->len > 0)
		return EXIT_DONE;
	/* A pipe whose other end has failed looks the same. */
	snprintf(hint, sizeof(hint),
	    "To store an empty value, run: vault-env set %s=", name);
	error_print(hint, "No value for %s arrived on standard input", name);
	return EXIT_FAILED;
}

static int
set_run(const struct args *args)
{
	const char *equals = strchr(args->operand, '=');
	size_t len = equals != NULL ? (size_t)(equals - args->operand)
				    : strlen(args->operand);
	struct text name = { 0 }, value = { 0 };
	int code = EXIT_FAILED;

	text_add(&name, args->operand, len);
	if (name.failed) {
		error_print(NULL, "Out of memory");
		goto out;
	}
	if (!edit_name_check(name.bytes)) {
		code = EXIT_USAGE;
		goto out;
	}
	if (equals == NULL) {
		if ((code = value_read(&value, name.bytes)) != EXIT_DONE)
			goto out;
	} else {
		text_puts(&value, equals + 1);
		if (equals[1] != '\0')
			warning_print(
			    "Others on this machine can see the value of %s in "
			    "the list of processes, and your shell remembers "
			    "it. Leave it out, to be asked for it",
			    name.bytes);
	}
	code = edit(args, name.bytes, value.bytes != NULL ? value.bytes : "",
	    value.len);
out:
	text_wipe(&name);
	text_wipe(&value);
	return code;
}

static const struct option_row set_options[] = {
	{ "--yes", NULL, OPTION_FLAG, false, ARG(yes),
	    "do not ask about a key that is new on this machine" },
	{ NULL, NULL, OPTION_FLAG, false, 0, NULL },
};

const struct command command_set = {
	.name = "set",
	.summary = "Set one secret",
	.operand = "NAME[=VALUE]",
	.about =
	    "Without =VALUE the value is asked for at a terminal, where it "
	    "is not shown, or\nread from standard input, less one newline "
	    "at its end. Only NAME= stores an\nempty value. The other secrets "
	    "stay as they are, whoever changes them at the\nsame time.",
	.options = set_options,
	.run = set_run,
};
