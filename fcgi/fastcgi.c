/* SPDX-License-Identifier: MIT */
/*
 * fastcgi.c: FastCGI specification 3.3 (records), 3.4 (name-value pairs), 5.1
 * (BEGIN_REQUEST), 5.2 and 5.3 (streams). Only what a web server sends for a
 * request is taken: no management records, no ABORT_REQUEST, no second request
 * at a time. Must not know what a parameter means.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "fastcgi.h"

#define HEADER_LEN 8

enum record_type { BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5 };

struct record {
	int type;
	uint16_t id;
	size_t content, padding;
};

void
fastcgi_init(struct fastcgi *f, int fd)
{
	f->fd = fd;
	f->start = f->end = 0;
	(void)fastcgi_next(f);
}

bool
fastcgi_next(struct fastcgi *f)
{
	const size_t left = f->end - f->start;

	memmove(f->buf, f->buf + f->start, left);
	if (f->used > left)
		mem_wipe(f->buf + left, f->used - left);
	f->start = 0;
	f->end = f->used = left;
	f->parsed = f->head_len = 0;
	f->pairs = (struct fastcgi_pairs){ .n_lengths = 0 };
	f->begun = f->ended = f->failed = false;
	f->content = f->padding = 0;
	return left > 0;
}

/* Some more bytes behind f->end. False: none will come, or have room. */
static bool
receive(struct fastcgi *f)
{
	ssize_t n;

	if (f->end == sizeof(f->buf))
		return false;
	do
		n = recv(f->fd, f->buf + f->end, sizeof(f->buf) - f->end, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	f->end += (size_t)n;
	if (f->used < f->end)
		f->used = f->end;
	return true;
}

/* False: of another version of the protocol. */
static bool
parse_header(struct record *r, const uint8_t *p)
{
	r->type = p[1];
	r->id = (uint16_t)(p[2] << 8 | p[3]);
	r->content = (size_t)(p[4] << 8 | p[5]);
	r->padding = p[6];
	return p[0] == 1;
}

/* ---- the head */

/* A piece of PARAMS, wherever records cut it. False: a length that lies. */
static bool
feed_pairs(struct fastcgi_pairs *p, const uint8_t *data, size_t len)
{
	size_t *length, step;

	while (len > 0) {
		if (p->n_lengths == 2) {
			step = p->left < len ? p->left : len;
			p->left -= step;
			data += step;
			len -= step;
			if (p->left == 0)
				p->n_lengths = 0;
			continue;
		}
		length = &p->lengths[p->n_lengths];
		if (p->n_more > 0) {
			*length = *length << 8 | *data;
			p->n_more--;
		} else {
			*length = *data & 0x7f;
			p->n_more = (*data & 0x80) != 0 ? 3 : 0;
		}
		data++;
		len--;
		if (p->n_more > 0)
			continue;
		if (*length > FASTCGI_HEAD_MAX)
			return false;
		p->left = p->lengths[0] + p->lengths[1];
		p->n_lengths++;
		if (p->n_lengths == 2 && p->left == 0)
			p->n_lengths = 0;
	}
	return true;
}

/* A whole record. 1: the last one of the head; 0; -1: it does not belong. */
static int
take_record(struct fastcgi *f, const struct record *r, uint8_t *header)
{
	const uint8_t *content = header + HEADER_LEN;

	if (!f->begun) {
		/* Roles 1 to 3, which libfcgi knows. */
		if (r->type != BEGIN_REQUEST || r->id == 0 || r->content != 8 ||
		    content[0] != 0 || content[1] < 1 || content[1] > 3)
			return -1;
		f->begun = true;
		f->id = r->id;
		return 0;
	}
	if (r->type != PARAMS || r->id != f->id)
		return -1;
	if (r->content > 0)
		return feed_pairs(&f->pairs, content, r->content) ? 0 : -1;
	if (f->pairs.n_lengths != 0 || f->pairs.n_more != 0)
		return -1;
	/* It ends in a header, all of which is read for the end to be seen. */
	header[6] = 0;
	f->head_len = (size_t)(header - f->buf) + HEADER_LEN;
	return 1;
}

/* The records that are whole: 1 the head is, 0 more must come, -1 malformed. */
static int
parse_head(struct fastcgi *f)
{
	struct record r;
	int result;

	while (f->end - f->parsed >= HEADER_LEN) {
		uint8_t *header = f->buf + f->parsed;
		size_t len;

		if (!parse_header(&r, header))
			return -1;
		len = HEADER_LEN + r.content + r.padding;
		if (f->end - f->parsed < len)
			return 0;
		f->parsed += len;
		if ((result = take_record(f, &r, header)) != 0)
			return result;
	}
	return 0;
}

int
fastcgi_read_head(struct fastcgi *f)
{
	int r;

	while ((r = parse_head(f)) == 0)
		if (!receive(f))
			return -1;
	f->start = f->parsed;
	return r == 1 ? 0 : -1;
}

/* ---- the body */

static bool
need(struct fastcgi *f, size_t n)
{
	if (f->end - f->start >= n)
		return true;
	memmove(f->buf, f->buf + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	while (f->end < n)
		if (!receive(f))
			return false;
	return true;
}

static size_t
available(const struct fastcgi *f, size_t max)
{
	const size_t n = f->end - f->start;

	return n < max ? n : max;
}

static void
begin_record(struct fastcgi *f)
{
	struct record r;

	if (!need(f, HEADER_LEN) || !parse_header(&r, f->buf + f->start) ||
	    r.type != STDIN || r.id != f->id) {
		f->failed = true;
		return;
	}
	f->start += HEADER_LEN;
	f->content = r.content;
	f->padding = r.padding;
	f->ended = r.content == 0;
}

/* The padding of a record whose content is used up. */
static void
skip_padding(struct fastcgi *f)
{
	size_t n;

	while (f->padding > 0 && !f->failed) {
		f->failed = !need(f, 1);
		n = available(f, f->padding);
		f->start += n;
		f->padding -= n;
	}
}

size_t
fastcgi_read_body(struct fastcgi *f, char *buf, size_t n)
{
	size_t got = 0, step;

	while (got < n && !f->ended && !f->failed) {
		if (f->content == 0) {
			begin_record(f);
			if (f->ended)
				skip_padding(f);
			continue;
		}
		if (!need(f, 1)) {
			f->failed = true;
			break;
		}
		step =
		    available(f, f->content < n - got ? f->content : n - got);
		memcpy(buf + got, f->buf + f->start, step);
		f->start += step;
		f->content -= step;
		got += step;
		if (f->content == 0)
			skip_padding(f);
	}
	return got;
}

bool
fastcgi_body_ended(const struct fastcgi *f)
{
	return f->ended && !f->failed;
}
