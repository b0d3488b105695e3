-- SPDX-License-Identifier: MIT
-- vault.log_restore: an entry of the log, in place of the one of its number.
-- caller:    vault.fcgi --restore
-- arguments: p_project  the project
--            p_seq, p_kind  of the entry
--            p_entry, p_hash  statement and signatures; its hash
--            p_device   admitted, changed, revoked; NULL: a rotation
-- result:    none
-- raises:    nothing
-- writes:    log
create or replace function vault.log_restore(
	p_project uuid, p_seq bigint, p_entry bytea, p_hash bytea, p_kind int,
	p_device uuid)
returns void
language plpgsql
security definer set search_path = vault, pg_temp
as $$
begin
	insert into vault.log (project_id, seq, entry, hash, kind, device_id)
	values (p_project, p_seq, p_entry, p_hash, p_kind, p_device)
	on conflict on constraint log_pkey do update
	set entry = excluded.entry, hash = excluded.hash,
		kind = excluded.kind, device_id = excluded.device_id;
end
$$;
