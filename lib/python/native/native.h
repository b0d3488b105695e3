/* SPDX-License-Identifier: MIT */
/*
 * native.h: what the files of the extension share. All of it needs the GIL,
 * unless it says otherwise.
 */
#ifndef NATIVE_H
#define NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <vaultenv.h>

/* ---- convert.c ---- */

/* NULL with a Python error set, as everything here that returns an object. */
PyObject *text_object(const char *text, size_t len);
PyObject *list_dict(const struct vaultenv_list *list);
PyObject *list_names(const struct vaultenv_list *list);
/* Of a tuple of str, as long as that lives; NULL at the end. For PyMem_Free();
 * NULL: raised. */
const char **names_borrow(PyObject *tuple);
/* str to str only. False with a Python error set. */
bool dict_list(PyObject *dict, struct vaultenv_list **out);
/* The VaultError of err; raise: sets it as the Python error, returns NULL. */
PyObject *error_object(const struct vaultenv_error *err);
PyObject *error_raise(const struct vaultenv_error *err);

/* ---- where, and whom to tell: what every call begins with ---- */

struct place {
	PyObject *path; /* bytes */
	const char *environment, *url;
	PyObject *notice; /* callable; borrowed */
	PyObject *file;   /* of file.c, or None; borrowed */
	struct vaultenv_options options;
};

/* The first five arguments of a call; options.path etc. borrow from them. */
#define PLACE_FORMAT "O&zzOO"
#define PLACE_ARGS(p)                                                          \
	PyUnicode_FSConverter, &(p).path, &(p).environment, &(p).url,          \
	    &(p).notice, &(p).file
void place_fill(struct place *p);
void place_reset(struct place *p);
/* For vaultenv_options: takes the GIL, so it is called without. */
void notice_call(void *callable, const char *text);

/* ---- file.c: a .env file that was read ---- */

PyObject *file_read(PyObject *self, PyObject *args);
PyObject *file_from(PyObject *self, PyObject *args);
PyObject *file_values(PyObject *self, PyObject *file);
/* NULL for None. */
const struct vaultenv_envfile *file_of(PyObject *file);

/* ---- watch.c ---- */

PyObject *watch_start(PyObject *self, PyObject *args);
PyObject *watch_stop(PyObject *self, PyObject *args);
PyObject *watch_forget(PyObject *self, PyObject *capsule);

#endif
