-- SPDX-License-Identifier: MIT
-- vault.audit_partitions: makes the audit log's partitions of this month and
-- the next three (UTC), as far as they are missing.
-- caller:    functions (housekeep), install.sql
-- arguments: none
-- result:    how many were made
-- raises:    nothing; what cannot be made now is left for the next call, with a
--            warning when a person has to act (sql/README, "Audit log")
-- writes:    tables audit_log_YYYY_MM
-- The only place with dynamic SQL: a table's name cannot be a parameter.
-- A new table is attached, not created as a partition: attaching takes no lock
-- on audit_log that an insert would wait for. It does lock the default
-- partition while reading it, hence the guards on what that one holds.
create or replace function vault.audit_partitions()
returns int
language plpgsql
security definer set search_path = vault, pg_temp set lock_timeout = '100ms'
as $$
declare
	v_this timestamp := date_trunc('month', timezone('UTC', now()));
	v_from timestamptz;
	v_to timestamptz;
	v_name text;
	v_made int := 0;
begin
	-- One at a time; whoever comes second has nothing to do.
	begin
		lock table only vault.audit_log
			in share update exclusive mode nowait;
	exception when lock_not_available then
		return 0;
	end;

	for v_ahead in 0..3 loop
		v_from := timezone('UTC',
			v_this + make_interval(months => v_ahead));
		v_to := timezone('UTC',
			v_this + make_interval(months => v_ahead + 1));
		v_name := 'audit_log_'
			|| to_char(timezone('UTC', v_from), 'YYYY_MM');
		continue when to_regclass('vault.' || v_name) is not null;

		if (select count(*) > 50000 from (
				select from vault.audit_log_default d
				limit 50001) d)
			or exists (
				select from vault.audit_log_default d
				where d.at >= v_from and d.at < v_to)
		then
			raise warning 'partition vault.% not made: vault.audit_log_default holds too many rows, or rows of that month; move them as sql/README says', v_name;
			continue;
		end if;

		begin
			execute format(
				'create table vault.%I (like vault.audit_log including all)',
				v_name);
			execute format(
				'alter table vault.audit_log attach partition vault.%I for values from (%L) to (%L)',
				v_name, v_from, v_to);
			v_made := v_made + 1;
		exception
			when lock_not_available or check_violation
				or duplicate_table or unique_violation then
			null;
		end;
	end loop;

	return v_made;
end
$$;
