-- SPDX-License-Identifier: MIT
-- vault.audit: one row of the audit log.
-- caller:    functions
-- arguments: p_project      the project
--            p_action       path on the wire without /api/v1/
--            p_outcome      '00000', or the SQLSTATE of the refusal
--            p_device       the device that acts or is acted on, or NULL
--            p_environment  or NULL
--            p_version      the version made or read, or NULL
--            p_remote       REMOTE_ADDR; cut at 64 characters
-- result:    none
-- raises:    nothing
-- writes:    audit_log
create or replace function vault.audit(
	p_project uuid, p_action text, p_outcome text, p_device uuid,
	p_environment text, p_version bigint, p_remote text)
returns void
language plpgsql
as $$
begin
	insert into vault.audit_log (project_id, action, outcome, device_id,
		environment, version, remote)
	values (p_project, p_action, p_outcome, p_device,
		p_environment, p_version, left(p_remote, 64));
end
$$;
