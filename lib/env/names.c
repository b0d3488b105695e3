/* SPDX-License-Identifier: MIT */
/*
 * names.c: the names that do more in an environment than hold a value: our own,
 * and those by which a program runs other code. Knows no values.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env/env.h"

#define NAMES_MAX  ((size_t)32 << 20)
#define NOTICE_MAX (VAULTENV_ERROR_TEXT - 1)

/*
 * '*': whatever begins so. vault-env.1 and lib/python/vaultdotenv/_names.py
 * have the same list (tests/style/names.t). Names only: what a value does is
 * not looked at.
 */
static const char *const code_names[] = {
	/* the dynamic loader, libc and its data */
	"LD_*",
	"DYLD_*",
	"GCONV_PATH",
	"GLIBC_TUNABLES",
	"LOCPATH",
	"NLSPATH",
	/* shells */
	"PATH",
	"SHELL",
	"HOME",
	"IFS",
	"CDPATH",
	"ENV",
	"BASH_ENV",
	"BASH_FUNC_*",
	"BASH_LOADABLES_PATH",
	"BASHOPTS",
	"SHELLOPTS",
	"PS0",
	"PS1",
	"PS2",
	"PS4",
	"PROMPT_COMMAND",
	"FPATH",
	"ZDOTDIR",
	"XDG_CONFIG_HOME",
	"XDG_CONFIG_DIRS",
	/* programs that start others */
	"EDITOR",
	"BROWSER",
	"VISUAL",
	"PAGER",
	"MANPAGER",
	"LESSOPEN",
	"LESSCLOSE",
	"SSH_ASKPASS",
	"SUDO_ASKPASS",
	"GIT_*",
	"HGRCPATH",
	"SVN_SSH",
	"CVS_RSH",
	"RSYNC_RSH",
	"TAR_OPTIONS",
	"MAKEFLAGS",
	"MAKEFILES",
	"GNUMAKEFLAGS",
	"VIMINIT",
	"VIMRUNTIME",
	"EXINIT",
	"PSQLRC",
	"PSQL_PAGER",
	"RIPGREP_CONFIG_PATH",
	"FZF_DEFAULT_COMMAND",
	"FZF_DEFAULT_OPTS",
	/* libraries that load others */
	"OPENSSL_CONF",
	"OPENSSL_ENGINES",
	"OPENSSL_MODULES",
	"GIO_EXTRA_MODULES",
	"GTK_MODULES",
	"GTK_PATH",
	"QT_PLUGIN_PATH",
	"GDK_PIXBUF_MODULE_FILE",
	"KRB5_CONFIG",
	/* Node.js */
	"NODE_OPTIONS",
	"NODE_PATH",
	"NODE_REPL_EXTERNAL_MODULE",
	"NPM_CONFIG_*",
	"npm_config_*",
	/* Python */
	"PYTHONPATH",
	"PYTHONHOME",
	"PYTHONSTARTUP",
	"PYTHONUSERBASE",
	"PYTHONINSPECT",
	"PYTHONBREAKPOINT",
	"PYTHONEXECUTABLE",
	"PYTHONPLATLIBDIR",
	"PYTHONPYCACHEPREFIX",
	"PYTHONWARNINGS",
	"PIP_CONFIG_FILE",
	"PYTEST_ADDOPTS",
	"PYTEST_PLUGINS",
	/* Perl */
	"PERL5OPT",
	"PERL5DB",
	"PERL5LIB",
	"PERLLIB",
	"PERL5SHELL",
	"PERLIO_DEBUG",
	/* Ruby */
	"RUBYOPT",
	"RUBYLIB",
	"RUBYSHELL",
	"GEM_HOME",
	"GEM_PATH",
	"BUNDLE_GEMFILE",
	/* Java */
	"JAVA_TOOL_OPTIONS",
	"_JAVA_OPTIONS",
	"JDK_JAVA_OPTIONS",
	"JDK_JAVAC_OPTIONS",
	"JAVA_OPTS",
	"JAVA_HOME",
	"CLASSPATH",
	"MAVEN_OPTS",
	"GRADLE_OPTS",
	"ANT_OPTS",
	"CATALINA_OPTS",
	/* .NET */
	"DOTNET_STARTUP_HOOKS",
	"DOTNET_ADDITIONAL_DEPS",
	"DOTNET_SHARED_STORE",
	"CORECLR_PROFILER*",
	"COR_PROFILER*",
	/* Go, Rust, C */
	"GOFLAGS",
	"GOENV",
	"GOTOOLCHAIN",
	"RUSTC*",
	"RUSTDOC",
	"CARGO_HOME",
	"CARGO_BUILD_*",
	"CARGO_TARGET_*",
	"RUSTFLAGS",
	"GCC_EXEC_PREFIX",
	"COMPILER_PATH",
	/* others */
	"PHPRC",
	"PHP_INI_SCAN_DIR",
	"LUA_INIT*",
	"LUA_PATH*",
	"LUA_CPATH*",
	"R_PROFILE*",
	"R_ENVIRON*",
	"R_LIBS*",
	"JULIA_LOAD_PATH",
	"JULIA_DEPOT_PATH",
	"TCLLIBPATH",
	"ERL_FLAGS",
	"ERL_AFLAGS",
	"ERL_ZFLAGS",
	"ERL_LIBS",
	"ELIXIR_ERL_OPTIONS",
	"AWKPATH",
	"AWKLIBPATH",
	"EMACSLOADPATH",
	"GUILE_LOAD_PATH",
};

bool
name_is_secret_key(const char *name)
{
	static const char *const names[] = { "VAULT_KEY", "VAULT_KEY_NEXT",
		"VAULT_KEY_V1", "VAULT_DEVICE_SECRET" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

int
vaultenv_name_is_reserved(const char *name)
{
	return name_is_secret_key(name) || strcmp(name, "VAULT_URL") == 0;
}

int
vaultenv_name_runs_code(const char *name)
{
	size_t i, len;

	for (i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++) {
		/* Nearly always that is all there is to compare. */
		if (code_names[i][0] != name[0])
			continue;
		len = strcspn(code_names[i], "*");
		if (strncmp(name, code_names[i], len) == 0 &&
		    (code_names[i][len] == '*' || name[len] == '\0'))
			return 1;
	}
	return 0;
}

/* Many a program calls a variable of its own so, and keeps it in .env; of all
 * that reads it otherwise, an interactive shell is the only one. */
bool
name_runs_code_in_file(const char *name)
{
	return vaultenv_name_runs_code(name) && strcmp(name, "ENV") != 0;
}

char *
vaultenv_left_out_text(const struct vaultenv_list *left_out)
{
	const struct vaultenv_pair *pair;
	char *shown = NULL;
	struct blob text;
	size_t i;
	int r;

	if (vaultenv_list_len(left_out) == 0)
		return NULL;
	blob_init(&text, NAMES_MAX);
	r = blob_append_str(&text,
	    "Left out, because programs run other code by them (allow each by "
	    "its name to have it): ");
	/* What does not fit is cut off, and need not be gathered. */
	for (i = 0; r == 0 && text.len <= NOTICE_MAX &&
		    (pair = vaultenv_list_at(left_out, i)) != NULL;
	     i++) {
		if ((r = blob_append_str(&text, i > 0 ? ", " : "")) == 0)
			r = blob_append_str(&text, pair->name);
	}
	if (r == 0)
		shown = text_printable((const char *)text.data, NOTICE_MAX);
	blob_reset(&text);
	return shown;
}

void
names_join(const struct vaultenv_list *list, char out[NAMES_TEXT])
{
	const size_t room = NAMES_TEXT - sizeof(" and 1000000 more");
	const size_t n = vaultenv_list_len(list);
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const char *name = vaultenv_list_at(list, i)->name;
		const char *before = i == 0 ? "" : i + 1 == n ? " and " : ", ";

		if (len + strlen(before) + strlen(name) > room) {
			snprintf(out + len, NAMES_TEXT - len,
			    i == 0 ? "%zu names" : " and %zu more", n - i);
			return;
		}
		len += (size_t)snprintf(
		    out + len, NAMES_TEXT - len, "%s%s", before, name);
	}
}
