-- SPDX-License-Identifier: MIT
-- vault.iso: a time as the wire shows it, 2026-01-31T12:00:00.000Z.
-- caller:    functions
-- arguments: p_at  a time, or NULL
-- result:    ISO 8601 in UTC with milliseconds; NULL for NULL
-- raises:    nothing
-- writes:    nothing
-- Neither security definer nor a search_path: it reads no table, and so the
-- planner may put it in line.
create or replace function vault.iso(p_at timestamptz)
returns text
language sql stable
as $$
	select pg_catalog.to_char(
		pg_catalog.timezone('UTC', p_at),
		'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
