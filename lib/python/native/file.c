/* SPDX-License-Identifier: MIT */
/*
 * file.c: a .env file that was read, for more than one call: a capsule around
 * struct vaultenv_envfile. What is in it, __init__.py decides.
 */
#include "native.h"

#define CAPSULE "vaultdotenv._native.file"

static void
capsule_free(PyObject *capsule)
{
	struct vaultenv_envfile *file = PyCapsule_GetPointer(capsule, CAPSULE);

	vaultenv_envfile_free(&file);
}

/* Takes file. */
static PyObject *
capsule_new(struct vaultenv_envfile *file)
{
	PyObject *capsule = PyCapsule_New(file, CAPSULE, capsule_free);

	if (capsule == NULL)
		vaultenv_envfile_free(&file);
	return capsule;
}

/* file_read(path): (file, bytes or None) */
PyObject *
file_read(PyObject *self, PyObject *args)
{
	struct vaultenv_envfile *file = NULL;
	PyObject *path = NULL, *result = NULL;
	struct vaultenv_error err;
	const char *text;
	size_t len;
	int r;

	if (!PyArg_ParseTuple(
		args, "O&:file_read", PyUnicode_FSConverter, &path))
		return NULL;
	Py_BEGIN_ALLOW_THREADS
	r = vaultenv_envfile_read(PyBytes_AS_STRING(path), &file, &err);
	Py_END_ALLOW_THREADS
	Py_DECREF(path);
	if (r != 0)
		return error_raise(&err);
	text = vaultenv_envfile_text(file, &len);
	if ((result = capsule_new(file)) == NULL)
		return NULL;
	return Py_BuildValue("Ny#", result, text, (Py_ssize_t)len);
}

/* file_from(path, fd, bytes): file */
PyObject *
file_from(PyObject *self, PyObject *args)
{
	struct vaultenv_envfile *file = NULL;
	struct vaultenv_error err;
	PyObject *path = NULL;
	Py_buffer bytes;
	int fd, r;

	if (!PyArg_ParseTuple(args, "O&iy*:file_from", PyUnicode_FSConverter,
		&path, &fd, &bytes))
		return NULL;
	r = vaultenv_envfile_from(PyBytes_AS_STRING(path), fd,
	    bytes.len > 0 ? bytes.buf : "", (size_t)bytes.len, &file, &err);
	Py_DECREF(path);
	PyBuffer_Release(&bytes);
	return r != 0 ? error_raise(&err) : capsule_new(file);
}

const struct vaultenv_envfile *
file_of(PyObject *file)
{
	return file == Py_None ? NULL : PyCapsule_GetPointer(file, CAPSULE);
}

/* file_values(file): its variables, nothing expanded */
PyObject *
file_values(PyObject *self, PyObject *capsule)
{
	const struct vaultenv_envfile *file = file_of(capsule);

	if (file == NULL)
		return NULL;
	return list_dict(vaultenv_envfile_list(file));
}
