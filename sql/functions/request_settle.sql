-- SPDX-License-Identifier: MIT
-- vault.request_settle: what became of a request of protocol v2 that
-- request_bind() noted. A refusal gives its MAC back: sent again, it is judged
-- anew.
-- caller:    functions
-- arguments: p_project      the project
--            p_digest       the MAC, 32 bytes
--            p_path         path on the wire without /api/v2/
--            p_outcome      '00000', or the SQLSTATE of the refusal
--            p_code         with VE000 the code of the fault
--            p_answer       the number that a repeat is answered with
--            p_member       the device that asked, or NULL
--            p_environment  or NULL
--            p_version      the version made, or NULL
--            p_remote       REMOTE_ADDR
-- result:    none
-- raises:    nothing
-- writes:    requests, audit_log
create or replace function vault.request_settle(
	p_project uuid, p_digest bytea, p_path text, p_outcome text,
	p_code text, p_answer bigint, p_member uuid, p_environment text,
	p_version bigint, p_remote text)
returns void
language plpgsql
as $$
begin
	if p_outcome = '00000' then
		update vault.requests r set version = p_answer
		where r.project_id = p_project and r.digest = p_digest;
	else
		delete from vault.requests r
		where r.project_id = p_project and r.digest = p_digest;
	end if;
	perform vault.audit(p_project, p_path, coalesce(p_code, p_outcome),
		p_member, p_environment, p_version, p_remote);
end
$$;
