-- SPDX-License-Identifier: MIT
-- vault.log_page: entries of a project's log, as many as fit a page: 1,000, or
-- 4 MiB, one at least.
-- caller:    functions
-- arguments: p_project  the project
--            p_from     the first one's number
--            p_to       the last one's
-- result:    statements with signatures, in order; NULL: none
-- raises:    nothing
-- writes:    nothing
-- In plpgsql, whose plans a session keeps: called by a query, one in SQL would be
-- planned anew each time.
create or replace function vault.log_page(
	p_project uuid, p_from bigint, p_to bigint)
returns bytea[]
language plpgsql stable
as $$
begin
	return (select array_agg(l.entry order by l.seq)
	from (
		select l.seq, l.entry,
			sum(octet_length(l.entry)) over (order by l.seq) as size
		from (
			select l.seq, l.entry from vault.log l
			where l.project_id = p_project
				and l.seq >= p_from and l.seq <= p_to
			order by l.seq
			limit 1000) l) l
	where l.size <= 4194304 or l.seq = p_from);
end
$$;
