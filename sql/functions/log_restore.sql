-- SPDX-License-Identifier: MIT
-- vault.log_restore: an entry of the log, in place of all that is stored from its
-- number on.
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
	delete from vault.log l
	where l.project_id = p_project and l.seq >= p_seq;
	insert into vault.log (project_id, seq, entry, hash, kind, device_id)
	values (p_project, p_seq, p_entry, p_hash, p_kind, p_device);
end
$$;
