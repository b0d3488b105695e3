-- SPDX-License-Identifier: MIT
-- vault.head_restore: an environment as its records and the log have it. What
-- does not belong to them goes.
-- caller:    vault.fcgi --restore
-- arguments: p_project      the project
--            p_environment  its name
--            p_first, p_last  its versions; 0: none is left of it
--            p_cut_seq, p_cut_version  of its last cut; 0: there is none
-- result:    none
-- raises:    nothing
-- writes:    heads, records, wraps
-- A confirm before the newest keeps its content only where no older version has
-- it: of what was pushed, nobody may have brought more.
create or replace function vault.head_restore(
	p_project uuid, p_environment text, p_first bigint, p_last bigint,
	p_cut_seq bigint, p_cut_version bigint)
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
declare
	v_now timestamptz := clock_timestamp();
	v_version bigint;
	v_newest record;
	v_blobs bigint;
	v_bytes bigint;
begin
	delete from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and (r.version < p_first or r.version > p_last);
	delete from vault.wraps w
	where w.project_id = p_project and w.environment = p_environment
		and not exists (select from vault.records r
			where r.project_id = p_project
				and r.environment = p_environment
				and r.key_id = w.key_id);
	if p_last = 0 then
		delete from vault.heads h
		where h.project_id = p_project
			and h.environment = p_environment;
		return;
	end if;

	for v_version in select r.version from vault.records r
		where r.project_id = p_project
			and r.environment = p_environment
			and r.version < p_last and r.op = 2
			and r.blob is not null
	loop
		if vault.confirm_is_spare(p_project, p_environment, v_version)
		then
			update vault.records r set blob = null
			where r.project_id = p_project
				and r.environment = p_environment
				and r.version = v_version;
		end if;
	end loop;
	select r.hash, r.key_id into v_newest from vault.records r
	where r.project_id = p_project and r.environment = p_environment
		and r.version = p_last;
	select count(*) filter (where r.blob is not null
			and (r.op <> 2 or r.version < p_last)),
		sum(octet_length(r.record)
			+ coalesce(octet_length(r.blob), 0))
	into v_blobs, v_bytes
	from vault.records r
	where r.project_id = p_project and r.environment = p_environment;
	insert into vault.heads (project_id, environment, version, hash,
		key_id, cut_seq, cut_version, blobs, bytes, updated_at)
	values (p_project, p_environment, p_last, v_newest.hash,
		v_newest.key_id, p_cut_seq, p_cut_version, v_blobs, v_bytes,
		v_now)
	on conflict on constraint heads_pkey do update
	set version = excluded.version, hash = excluded.hash,
		key_id = excluded.key_id, cut_seq = excluded.cut_seq,
		cut_version = excluded.cut_version, blobs = excluded.blobs,
		bytes = excluded.bytes, updated_at = excluded.updated_at;
end
$$;
