-- SPDX-License-Identifier: MIT
-- vault.record_page: records of an environment, as many as fit a page: 1,000.
-- caller:    functions
-- arguments: p_project      the project
--            p_environment  its name
--            p_from         the first version
--            p_to           the last one
-- result:    statements with signatures, in order; NULL: none
-- raises:    nothing
-- writes:    nothing
-- In plpgsql, whose plans a session keeps: called by a query, one in SQL would be
-- planned anew each time.
create or replace function vault.record_page(
	p_project uuid, p_environment text, p_from bigint, p_to bigint)
returns bytea[]
language plpgsql stable
as $$
begin
	return (select array_agg(r.record order by r.version)
	from (
		select r.version, r.record from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version >= p_from and r.version <= p_to
		order by r.version
		limit 1000) r);
end
$$;
