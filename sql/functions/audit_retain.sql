-- SPDX-License-Identifier: MIT
-- vault.audit_retain: empties the audit log's partitions of months that are
-- older than those to keep (UTC; this month counts as one). An emptied
-- partition stays: removing it would lock out those who write today's.
-- caller:    vault.fcgi
-- arguments: p_months  how many months stay; below 1: all; never less than
--                      three, whatever a server may ask for
-- result:    how many partitions were emptied
-- raises:    55P03 another server is at it; a partition in use is left for the
--            next call
-- writes:    audit_log_default and the other partitions of audit_log
-- Dynamic SQL, as in audit_partitions: a table's name cannot be a parameter.
create or replace function vault.audit_retain(p_months int)
returns int
language plpgsql
security definer set search_path = vault, pg_temp set lock_timeout = '100ms'
as $$
declare
	v_from timestamptz := timezone('UTC',
		date_trunc('month', timezone('UTC', now()))
		- make_interval(months => greatest(p_months, 3) - 1));
	v_name text;
	v_used boolean;
	v_emptied int := 0;
begin
	if p_months < 1 then
		return 0;
	end if;

	-- In the default partition are months that had none of their own.
	with old as (
		select d.project_id, d.at, d.id from vault.audit_log_default d
		where d.at < v_from
		limit 10000
	)
	delete from vault.audit_log_default d
	using old
	where d.project_id = old.project_id and d.at = old.at
		and d.id = old.id;

	for v_name in
		select c.relname from pg_inherits i
		join pg_class c on c.oid = i.inhrelid
		where i.inhparent = 'vault.audit_log'::regclass
			and c.relname ~ '^audit_log_\d{4}_\d{2}$'
			and c.relname < 'audit_log_'
				|| to_char(timezone('UTC', v_from), 'YYYY_MM')
	loop
		begin
			execute format('select exists (select from vault.%I)',
				v_name) into v_used;
			continue when not v_used;
			execute format('truncate vault.%I', v_name);
			v_emptied := v_emptied + 1;
		exception when lock_not_available then
			null;
		end;
	end loop;
	return v_emptied;
end
$$;
