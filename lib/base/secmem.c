/* SPDX-License-Identifier: MIT */
/*
 * secmem.c: whole pages for keys: locked against swap, left out of core dumps,
 * zero in a forked child, wiped when freed. Locking is best effort here;
 * vaultenv_process_harden() is where a program can insist on it.
 */
#include "config.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

/* 0 when len cannot be rounded up. */
static size_t
whole_pages(size_t len)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (len == 0)
		len = 1;
	if (len > SIZE_MAX - page)
		return 0;
	return (len + page - 1) / page * page;
}

void *
secmem_alloc(size_t len)
{
	const size_t size = whole_pages(len);
	void *p;

	if (size == 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)mlock(p, size);
	(void)madvise(p, size, MADV_DONTDUMP);
	(void)madvise(p, size, MADV_WIPEONFORK);
	return p;
}

void
secmem_free(void *p, size_t len)
{
	if (p == NULL)
		return;
	mem_wipe(p, len);
	(void)munmap(p, whole_pages(len));
}
