/* SPDX-License-Identifier: MIT */
/*
 * table.c: aligned columns, and times as people read them. Data for people
 * only: --json prints the server's own values instead.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "output.h"

void
table_init(struct table *table, size_t n_columns)
{
	memset(table, 0, sizeof(*table));
	table->n_columns = n_columns;
}

void
table_add(struct table *table, const char *text, enum colour colour)
{
	size_t max = table->max_cells ? table->max_cells * 2 : 64;
	void *p;

	if (table->failed)
		return;
	if (table->n_cells == table->max_cells) {
		if ((p = realloc(table->cells, max * sizeof(char *))) == NULL)
			goto fail;
		table->cells = p;
		p = realloc(table->colours, max * sizeof(enum colour));
		if (p == NULL)
			goto fail;
		table->colours = p;
		table->max_cells = max;
	}
	if ((table->cells[table->n_cells] = strdup(text)) == NULL)
		goto fail;
	table->colours[table->n_cells++] = colour;
	return;
fail:
	table->failed = true;
}

/* Columns on a terminal; a byte that is no character counts one. */
static size_t
text_width(const char *text)
{
	mbstate_t state;
	size_t width = 0, n;
	wchar_t wc;
	int w;

	memset(&state, 0, sizeof(state));
	while (*text != '\0') {
		n = mbrtowc(&wc, text, strlen(text), &state);
		if (n == (size_t)-1 || n == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			text++;
			width++;
			continue;
		}
		w = wcwidth(wc);
		width += w < 0 ? 1 : (size_t)w;
		text += n;
	}
	return width;
}

void
table_print(const struct table *table)
{
	size_t n = table->n_columns, widths[TABLE_MAX_COLUMNS] = { 0 };
	size_t width;

	if (table->failed) {
		error_print(NULL, "Out of memory");
		return;
	}
	for (size_t i = 0; i < table->n_cells; i++)
		if ((width = text_width(table->cells[i])) > widths[i % n])
			widths[i % n] = width;
	for (size_t i = 0; i < table->n_cells; i++) {
		out_text(table->cells[i], table->colours[i]);
		if (i % n == n - 1) {
			putchar('\n');
			continue;
		}
		width = widths[i % n] - text_width(table->cells[i]);
		printf("%*s", (int)width + 2, "");
	}
}

void
table_free(struct table *table)
{
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->colours);
	table_init(table, 0);
}

static bool
iso_parse(const char *iso, time_t *out)
{
	struct tm tm;
	char *end;

	memset(&tm, 0, sizeof(tm));
	end = strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL || (*end != '.' && *end != 'Z'))
		return false;
	*out = timegm(&tm);
	return true;
}

static void
ago(time_t then, char *out, size_t size)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {
		{ 365 * 86400, "year" },
		{ 30 * 86400, "month" },
		{ 86400, "day" },
		{ 3600, "hour" },
		{ 60, "minute" },
		{ 1, "second" },
	};
	int64_t s = (int64_t)time(NULL) - (int64_t)then;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t k = s / units[i].seconds;

		if (k < 1)
			continue;
		snprintf(out, size, "%lld %s%s ago", (long long)k,
		    units[i].name, k == 1 ? "" : "s");
		return;
	}
	/* Also when the clocks differ a little and it lies ahead of ours. */
	snprintf(out, size, "just now");
}

void
when_ago(const char *iso, char out[WHEN_MAX])
{
	time_t then;

	if (iso == NULL)
		snprintf(out, WHEN_MAX, "never");
	else if (iso_parse(iso, &then))
		ago(then, out, WHEN_MAX);
	else
		snprintf(out, WHEN_MAX, "%s", iso);
}

void
when_text(const char *iso, char out[WHEN_MAX])
{
	char date[32], since[40];
	struct tm tm;
	time_t then;

	if (iso == NULL || !iso_parse(iso, &then) ||
	    localtime_r(&then, &tm) == NULL ||
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm) == 0) {
		when_ago(iso, out);
		return;
	}
	ago(then, since, sizeof(since));
	snprintf(out, WHEN_MAX, "%s (%s)", date, since);
}
