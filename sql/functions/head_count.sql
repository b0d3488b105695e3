-- SPDX-License-Identifier: MIT
-- vault.head_count: what an environment of a v2 project is said to hold, and what
-- it holds.
-- caller:    vault.fcgi --check-log
-- arguments: p_project      the project
--            p_environment  its name
-- result:    blobs, bytes         by its head; NULL: it has none
--            has_blobs, has_bytes by its records
-- raises:    nothing
-- writes:    nothing
create or replace function vault.head_count(
	p_project uuid, p_environment text,
	out blobs bigint, out bytes bigint,
	out has_blobs bigint, out has_bytes bigint)
language plpgsql stable
security definer set search_path = vault, pg_temp
as $$
declare
	v_last bigint;
begin
	select h.version, h.blobs, h.bytes into v_last, blobs, bytes
	from vault.heads h
	where h.project_id = p_project and h.environment = p_environment;
	select count(*) filter (where r.blob is not null
			and (r.op <> 2 or r.version < v_last)),
		coalesce(sum(octet_length(r.record)
			+ coalesce(octet_length(r.blob), 0)), 0)
	into has_blobs, has_bytes
	from vault.records r
	where r.project_id = p_project and r.environment = p_environment;
end
$$;
