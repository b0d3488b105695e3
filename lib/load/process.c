/* SPDX-License-Identifier: MIT */
/*
 * process.c: what concerns the whole process and is therefore left to the
 * program to ask for. Must not be called by any other file of the library.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load/load.h"

/* RLIMIT_CORE alone is no help where core_pattern is a pipe: the kernel then
 * starts the pipe's program all the same, but not for an undumpable process. */
int
vaultenv_process_harden(struct vaultenv_error *err)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct rlimit core;
	void *page;
	int r = 0;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(err, NULL, "Cannot turn core dumps off");
	if (getrlimit(RLIMIT_CORE, &core) != 0)
		return err_errno(err, NULL, "Cannot read the core dump limit");
	core.rlim_cur = 0;
	if (setrlimit(RLIMIT_CORE, &core) != 0)
		return err_errno(
		    err, NULL, "Cannot set the core dump limit to 0");
	page = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return err_errno(err, NULL, "Cannot allocate memory to lock");
	if (mlock(page, size) != 0)
		r = err_errno(err,
		    "Raise the limit of locked memory (ulimit -l)",
		    "Cannot keep keys out of swap");
	munmap(page, size);
	return r;
}
