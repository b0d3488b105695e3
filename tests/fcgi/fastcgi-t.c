/* SPDX-License-Identifier: MIT */
/*
 * fastcgi-t: heads and bodies however they are cut, and whatever lies in them:
 * what is taken is whole, what is not ends the connection.
 */
#include "config.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "fastcgi.h"
#include "tap.h"

enum { BEGIN = 1, ABORT = 2, PARAMS = 4, STDIN = 5, DATA = 8, GET_VALUES = 9 };

static struct blob sent;
static int ends[2] = { -1, -1 };
static struct fastcgi in;

static void
record(int type, int id, const char *content, size_t len, uint8_t padding)
{
	const uint8_t header[8] = { 1, (uint8_t)type, 0, (uint8_t)id,
		(uint8_t)(len >> 8), (uint8_t)len, padding };
	const char zeros[255] = "";

	blob_append(&sent, header, 8);
	blob_append(&sent, content, len);
	blob_append(&sent, zeros, padding);
}

static void
begin(void)
{
	blob_reset(&sent);
	record(BEGIN, 1, "\0\1\1\0\0\0\0\0", 8, 0);
}

/* A request of one parameter and a body in two records, with padding. */
static void
append_request(void)
{
	record(BEGIN, 1, "\0\1\1\0\0\0\0\0", 8, 0);
	record(PARAMS, 1, "\1\2A", 3, 5);
	record(PARAMS, 1, "bc\x80\0\0\1\0X", 8, 0);
	record(PARAMS, 1, "", 0, 3);
	record(STDIN, 1, "hello ", 6, 2);
	record(STDIN, 1, "world", 5, 0);
	record(STDIN, 1, "", 0, 1);
}

static void
whole_request(void)
{
	blob_reset(&sent);
	append_request();
}

static void
connect_ends(void)
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		abort();
	fastcgi_init(&in, ends[0]);
}

static void
push(size_t from, size_t to)
{
	if (to > from && send(ends[1], sent.data + from, to - from,
			     MSG_NOSIGNAL) != (ssize_t)(to - from))
		abort();
}

/* The head of what was sent, which ends there. */
static int
head(void)
{
	connect_ends();
	push(0, sent.len);
	shutdown(ends[1], SHUT_WR);
	return fastcgi_read_head(&in);
}

static void
test_whole(void)
{
	char body[100];
	size_t n;

	whole_request();
	is_int(head(), 0, "a head");
	is_int((intmax_t)in.head_len, 16 + 16 + 16 + 8,
	    "ends with the header that ends it");
	is_int(in.buf[in.head_len - 2], 0, "which announces no padding");
	n = fastcgi_read_body(&in, body, 7);
	ok(n == 7 && memcmp(body, "hello w", 7) == 0 &&
		!fastcgi_body_ended(&in),
	    "some of the body, across records");
	n = fastcgi_read_body(&in, body, sizeof(body));
	ok(n == 4 && memcmp(body, "orld", 4) == 0 && fastcgi_body_ended(&in),
	    "and the rest");
	is_int((intmax_t)fastcgi_read_body(&in, body, 1), 0, "nothing more");
	ok(!fastcgi_next(&in), "nothing came after it");
	n = 0;
	for (size_t i = 0; i < sizeof(in.buf); i++)
		n += in.buf[i] != 0;
	is_int((intmax_t)n, 0, "and nothing of it stays in memory");
}

/* Two requests on one connection, in two pieces, cut anywhere. */
static void
test_cuts(void)
{
	char body[100];
	size_t one, bad = 0;

	whole_request();
	one = sent.len;
	append_request();
	for (size_t cut = 0; cut <= one; cut++) {
		connect_ends();
		push(0, cut);
		/* Waits for the rest, which a child sends. */
		if (fork() == 0) {
			push(cut, sent.len);
			_exit(0);
		}
		for (int i = 0; i < 2; i++) {
			bad +=
			    fastcgi_read_head(&in) != 0 ||
			    fastcgi_read_body(&in, body, sizeof(body)) != 11 ||
			    memcmp(body, "hello world", 11) != 0 ||
			    !fastcgi_body_ended(&in);
			(void)fastcgi_next(&in);
		}
	}
	ok(bad == 0, "two requests, cut at each of %zu places", one + 1);
	for (size_t len = 0; len < 56 + 3; len++) {
		whole_request();
		sent.len = len;
		bad += head() == 0;
	}
	is_int((intmax_t)bad, 0, "a head that ends early is none");
}

static void
refuses(const char *name)
{
	is_int(head(), -1, name);
}

static void
pairs(const char *text, size_t len, const char *name, int result)
{
	begin();
	record(PARAMS, 1, text, len, 0);
	record(PARAMS, 1, "", 0, 0);
	is_int(head(), result, name);
}

static void
test_lies(void)
{
	pairs("", 0, "no parameters", 0);
	pairs("\0\0", 2, "an empty pair", 0);
	pairs("\x80\0\0\1\x80\0\0\1ab", 10, "long forms of short lengths", 0);
	pairs("\xff\xff\xff\xff\xff\xff\xff\xff"
	      "abcd",
	    12, "lengths of 2 GiB each", -1);
	pairs("\x80\0\0\1\xff\xff\xff\xf0"
	      "a",
	    9, "a value of 2 GiB", -1);
	pairs("\x80\1\0\1\0a", 6, "a name beyond the cap", -1);
	pairs("\3\1ab", 4, "lengths beyond the end", -1);
	pairs("\1", 1, "a length without the other", -1);
	pairs("\1\x80\0", 3, "half a length", -1);
	pairs("\1\0aX", 4, "a byte too many", -1);
}

static void
test_order(void)
{
	begin();
	sent.data[0] = 2;
	refuses("another version");
	begin();
	sent.data[3] = 0;
	refuses("request 0");
	begin();
	sent.data[9] = 0;
	refuses("role 0");
	begin();
	sent.data[9] = 4;
	refuses("role 4");
	begin();
	record(STDIN, 1, "", 0, 0);
	refuses("a body without PARAMS");
	begin();
	record(PARAMS, 2, "", 0, 0);
	refuses("PARAMS of another request");
	begin();
	record(BEGIN, 2, "\0\1\0\0\0\0\0\0", 8, 0);
	refuses("a second request");
	begin();
	record(GET_VALUES, 0, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0);
	refuses("a management record");
	begin();
	record(ABORT, 1, "", 0, 0);
	refuses("an abort");
	blob_reset(&sent);
	record(PARAMS, 1, "", 0, 0);
	refuses("no BEGIN_REQUEST");
}

static void
test_cap(void)
{
	static char text[40000];

	memset(text, 0, sizeof(text));
	for (int n = 1; n <= 2; n++) {
		begin();
		for (int i = 0; i < n; i++)
			record(PARAMS, 1, text, sizeof(text), 0);
		record(PARAMS, 1, "", 0, 0);
		ok(head() == (n == 1 ? 0 : -1), "%d bytes of parameters",
		    n * (int)sizeof(text));
	}
}

static void
body_fails(int type, int id, const char *name)
{
	char body[10];

	begin();
	record(PARAMS, 1, "", 0, 0);
	record(STDIN, 1, "ab", 2, 0);
	record(type, id, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, 0);
	record(STDIN, 1, "", 0, 0);
	is_int(head(), 0, "a head");
	ok(fastcgi_read_body(&in, body, sizeof(body)) == 2 && in.failed &&
		!fastcgi_body_ended(&in),
	    "a body with %s fails", name);
}

static void
test_body(void)
{
	static char large[65535], body[300000];
	char small[10];

	body_fails(GET_VALUES, 0, "a management record");
	body_fails(ABORT, 1, "an abort");
	body_fails(DATA, 1, "another stream");
	body_fails(STDIN, 2, "another request");
	body_fails(PARAMS, 1, "more parameters");
	begin();
	record(PARAMS, 1, "", 0, 0);
	record(STDIN, 1, "abc", 3, 0);
	is_int(head(), 0, "a head");
	ok(fastcgi_read_body(&in, small, 10) == 3 && in.failed,
	    "a body that ends with the connection fails");

	memset(large, 'x', sizeof(large));
	begin();
	record(PARAMS, 1, "", 0, 0);
	for (int i = 0; i < 4; i++)
		record(STDIN, 1, large, sizeof(large), 255);
	record(STDIN, 1, "", 0, 255);
	connect_ends();
	if (fork() == 0) {
		push(0, sent.len);
		_exit(0);
	}
	is_int(fastcgi_read_head(&in), 0, "a head");
	is_int((intmax_t)fastcgi_read_body(&in, body, sizeof(body)),
	    4 * (intmax_t)sizeof(large), "a body of several full records");
	ok(fastcgi_body_ended(&in) && body[4 * sizeof(large) - 1] == 'x' &&
		body[4 * sizeof(large)] == '\0',
	    "to its end");
}

int
main(void)
{
	signal(SIGCHLD, SIG_IGN); /* no zombies */
	blob_init(&sent, 1 << 24);
	test_whole();
	test_cuts();
	test_lies();
	test_order();
	test_cap();
	test_body();
	return tap_done();
}
