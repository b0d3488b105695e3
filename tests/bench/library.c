/* SPDX-License-Identifier: MIT */
/*
 * library.c: times the library's own calls inside one process, and prints the
 * seconds:
 *   library parse FILE   vaultenv_dotenv_parse() of FILE's text, and the free:
 *                        the median of five
 *   library load N       vaultenv_load_cached() in the current folder, which
 *                        must give N secrets or more, and the free: the first
 *                        of the process, as programs load once
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vaultenv.h"

#define RUNS 5

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static char *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size;

	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 &&
	    fseek(file, 0, SEEK_SET) == 0 &&
	    (text = malloc((size_t)size)) != NULL)
		*len = fread(text, 1, (size_t)size, file);
	fclose(file);
	return text;
}

static int
parse_once(const char *text, size_t len, struct vaultenv_error *err)
{
	struct vaultenv_list *list = NULL;
	int r;

	r = vaultenv_dotenv_parse(text, len, &list, err);
	vaultenv_list_free(&list);
	return r;
}

static int
load_once(size_t n, struct vaultenv_error *err)
{
	struct vaultenv_loaded *loaded = NULL;
	int r;

	r = vaultenv_load_cached(NULL, NULL, &loaded, err);
	if (r == 0 && vaultenv_list_len(loaded->variables) < n) {
		r = vaultenv_error_set(err, VAULTENV_ERR_NOT_FOUND, NULL,
		    "Fewer than %zu secrets", n);
	}
	vaultenv_loaded_free(&loaded);
	return r;
}

int
main(int argc, char **argv)
{
	struct vaultenv_error err = { 0 };
	double took[RUNS];
	char *text = NULL;
	size_t len = 0;
	int parse, runs, r = 0;

	if (argc != 3)
		return 2;
	parse = strcmp(argv[1], "parse") == 0;
	if (parse && (text = read_file(argv[2], &len)) == NULL) {
		perror(argv[2]);
		return 1;
	}
	runs = parse ? RUNS : 1;
	for (int i = 0; i < runs && r == 0; i++) {
		took[i] = now();
		r = parse ? parse_once(text, len, &err)
			  : load_once(strtoul(argv[2], NULL, 10), &err);
		took[i] = now() - took[i];
	}
	free(text);
	if (r != 0) {
		fprintf(stderr, "library: %s\n", err.text);
		return 1;
	}
	qsort(took, (size_t)runs, sizeof(took[0]), compare);
	printf("%.9f\n", took[runs / 2]);
	return 0;
}
