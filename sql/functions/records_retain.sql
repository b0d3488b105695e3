-- SPDX-License-Identifier: MIT
-- vault.records_retain: removes blobs that are not kept after a push: the one of
-- a confirm that is the newest no more, if an older version has its content too,
-- and those of old versions, ten at most; and wraps of data keys that no kept
-- blob needs. Records stay.
-- caller:    functions
-- arguments: p_project      the project
--            p_environment  its name, whose head is locked
--            p_version      its newest version
--            p_key_id       that one's data key
--            p_keep         how many blobs stay, but for that of a confirm that is
--                           the newest; below 1: all; never less than ten
-- result:    none
-- raises:    nothing
-- writes:    records, wraps, heads
-- A data key that was given up is never taken up again, so that its versions
-- lie side by side: the neighbours say whether it is needed.
create or replace function vault.records_retain(
	p_project uuid, p_environment text, p_version bigint, p_key_id bytea,
	p_keep int)
returns void
language plpgsql
as $$
declare
	v_blobs bigint;
	v_version bigint;
	v_key_id bytea;
	v_before bytea;
	v_after bytea;
	v_size bigint;
	v_bytes bigint := 0;
	v_spare boolean;
begin
	select r.key_id, octet_length(r.blob) into v_key_id, v_size
	from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and r.version = p_version - 1 and r.op = 2
		and r.blob is not null;
	if found then
		v_spare := vault.confirm_is_spare(p_project, p_environment,
			p_version - 1);
	end if;
	if v_spare then
		update vault.records r set blob = null
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version = p_version - 1;
		v_bytes := v_size;
	end if;
	if v_spare and v_key_id <> p_key_id then
		select r.key_id into v_before from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version < p_version and r.blob is not null
		order by r.version desc limit 1;
		if v_key_id is distinct from v_before then
			delete from vault.wraps w
			where w.project_id = p_project
				and w.environment = p_environment
				and w.key_id = v_key_id;
		end if;
	end if;

	select h.blobs + coalesce(not v_spare, false)::int into v_blobs
	from vault.heads h
	where h.project_id = p_project and h.environment = p_environment;
	for i in 1 .. case when p_keep < 1 then 0
		else least(v_blobs - greatest(p_keep, 10), 10) end
	loop
		select r.version, r.key_id, octet_length(r.blob)
		into v_version, v_key_id, v_size
		from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.blob is not null
		order by r.version limit 1;
		update vault.records r set blob = null
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version = v_version;
		v_blobs := v_blobs - 1;
		v_bytes := v_bytes + v_size;
		select r.key_id into v_after from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.blob is not null
		order by r.version limit 1;
		if v_key_id <> v_after then
			delete from vault.wraps w
			where w.project_id = p_project
				and w.environment = p_environment
				and w.key_id = v_key_id;
		end if;
	end loop;
	update vault.heads h
	set blobs = v_blobs, bytes = greatest(h.bytes - v_bytes, 0)
	where h.project_id = p_project and h.environment = p_environment
		and (v_bytes > 0 or h.blobs <> v_blobs);
end
$$;
