-- SPDX-License-Identifier: MIT
-- vault.head_dump: the environments of a v2 project, as their versions are said
-- to end.
-- caller:    vault.fcgi --check-log, --restore
-- arguments: p_project  the project
-- result:    rows of environment, version, hash, key_id, cut_seq, cut_version; an
--            environment that has records alone: NULL but for its name
-- raises:    nothing
-- writes:    nothing
create or replace function vault.head_dump(p_project uuid)
returns table (environment text, version bigint, hash bytea, key_id bytea,
	cut_seq bigint, cut_version bigint)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
begin
	return query
	select e.environment, h.version, h.hash, h.key_id, h.cut_seq,
		h.cut_version
	from (
		select h.environment from vault.heads h
		where h.project_id = p_project
		union
		select r.environment from vault.records r
		where r.project_id = p_project) e
	left join vault.heads h
		on h.project_id = p_project and h.environment = e.environment
	order by e.environment;
end
$$;
