/* SPDX-License-Identifier: MIT */
/*
 * descendants.c: finds the processes below this one in /proc, and signals them.
 * Must not allocate: it works in the child of a fork() with threads.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "descendants.h"

#define KILL_ROUNDS   50
#define KILL_ROUND_NS 20000000

/* What getdents64(2) fills in; the C library has no name for it. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short len;
	unsigned char type;
	char name[];
};

void
descendants_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* 0 when the process has gone, or is hidden from us. */
static pid_t
parent_of(pid_t pid)
{
	char path[32], text[512], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* "pid (name) state parent": the name may hold anything. */
	if ((end = strrchr(text, ')')) == NULL || strlen(end) < 5)
		return 0;
	return (pid_t)strtol(end + 4, NULL, 10);
}

static bool
is_descendant(pid_t pid)
{
	const pid_t self = getpid();

	while ((pid = parent_of(pid)) > 1 && pid != self)
		continue;
	return pid == self;
}

void
descendants_signal(int sig)
{
	union {
		struct entry first;
		char bytes[4096];
	} room;
	const struct entry *entry;
	long n, at;
	pid_t pid;
	int fd;

	if ((fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, &room, sizeof(room))) > 0)
		for (at = 0; at < n; at += entry->len) {
			entry = (const void *)(room.bytes + at);
			pid = (pid_t)strtol(entry->name, NULL, 10);
			if (pid > 1 && is_descendant(pid) &&
			    kill(pid, sig) == 0 && sig != SIGKILL)
				kill(pid, SIGCONT);
		}
	close(fd);
}

void
descendants_kill(void)
{
	const struct timespec round = { .tv_nsec = KILL_ROUND_NS };
	pid_t pid;

	/* Again and again: one may have forked while we looked. */
	for (int i = 0; i < KILL_ROUNDS; i++) {
		descendants_signal(SIGKILL);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			continue;
		if (pid < 0)
			return;
		nanosleep(&round, NULL);
	}
}
