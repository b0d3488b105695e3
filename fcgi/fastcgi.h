/* SPDX-License-Identifier: MIT */
/*
 * fastcgi.h: the records of a web server, read within bounds. libfcgi believes
 * every length it is sent, and takes any number of parameters into memory: it
 * gets only heads that were checked here, and never reads the connection.
 */
#ifndef VAULT_FCGI_FASTCGI_H
#define VAULT_FCGI_FASTCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a head: more than web servers accept of a request's headers. */
#define FASTCGI_HEAD_MAX 65536

struct fastcgi_pairs {
	size_t lengths[2]; /* of a name, of its value */
	int n_lengths; /* that are known; both: the bytes of the pair come */
	int n_more;    /* bytes that the length in hand still lacks */
	size_t left;   /* bytes of the pair */
};

struct fastcgi {
	int fd;
	uint8_t buf[FASTCGI_HEAD_MAX];
	size_t start, end; /* what was received and not used yet */
	size_t used;       /* bytes of buf to be wiped */
	/* head */
	size_t parsed; /* whole records */
	size_t head_len;
	struct fastcgi_pairs pairs;
	uint16_t id;
	bool begun;
	/* body: what is left of a record */
	size_t content, padding;
	bool ended, failed;
};

/* For a new connection. */
void fastcgi_init(struct fastcgi *f, int fd);
/*
 * Waits for BEGIN_REQUEST and all of PARAMS. 0: they are f->head_len bytes at
 * f->buf, until the body is read. -1: the connection ended, or what came is not
 * that, or too long; close it.
 */
int fastcgi_read_head(struct fastcgi *f);
/* Up to n bytes of STDIN; fewer only at its end. */
size_t fastcgi_read_body(struct fastcgi *f, char *buf, size_t n);
/* Did STDIN end as it should? Else the connection is of no more use. */
bool fastcgi_body_ended(const struct fastcgi *f);
/* Wipes the request; what came after it stays. True if something did. */
bool fastcgi_next(struct fastcgi *f);

#endif
