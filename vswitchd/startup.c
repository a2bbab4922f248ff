// SPDX-License-Identifier: Apache-2.0
/* Folders, lock, bpf file system, privileges; see startup.h. */
#include "vswitchd/startup.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"

#define SYS_BPFFS "/sys/fs/bpf"

static const struct {
	unsigned int cap;
	const char *name;
} kept[] = {
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_NET_RAW, "CAP_NET_RAW" },
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_PERFMON, "CAP_PERFMON" },
};
#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

static int fail(char *err, size_t err_size, const char *what, int error)
{
	snprintf(err, err_size, "%s: %s", what, strerror(error));
	return -error;
}

int startup_make_dir(const char *path, unsigned int mode, char *err, size_t err_size)
{
	char *copy = strdup(path);
	struct stat st;
	int error = 0;

	if (!copy)
		return fail(err, err_size, path, ENOMEM);
	for (char *p = copy + 1; *p && !error; p++)
		if (*p == '/') {
			*p = '\0';
			if (mkdir(copy, 0755) && errno != EEXIST)
				error = fail(err, err_size, copy, errno);
			*p = '/';
		}
	if (!error && mkdir(copy, (mode_t)mode) && errno != EEXIST)
		error = fail(err, err_size, copy, errno);
	if (!error && (stat(copy, &st) || !S_ISDIR(st.st_mode)))
		error = fail(err, err_size, copy, ENOTDIR);
	free(copy);
	return error;
}

int startup_lock(const char *rundir, int *ret_fd, char *err, size_t err_size)
{
	char path[512], pid[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/skepd.lock", rundir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return fail(err, err_size, path, errno);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int error = errno;
		ssize_t n = read(fd, pid, sizeof(pid) - 1);

		close(fd);
		if (error != EWOULDBLOCK)
			return fail(err, err_size, path, error);
		pid[n > 0 ? n : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		snprintf(err, err_size, "another skepd (process %s) runs on %s",
			 pid[0] ? pid : "unknown", rundir);
		return -EBUSY;
	}
	*ret_fd = fd;
	return 0;
}

int startup_write_pid(int lock_fd)
{
	if (ftruncate(lock_fd, 0) || dprintf(lock_fd, "%d\n", (int)getpid()) < 0)
		return -errno;
	return 0;
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* A file system that is mounted in a mount namespace of its own (that of "ip netns exec", say) ends
 * with the last process there, and all pins with it. */
static void warn_if_private(const char *where)
{
	struct stat ours, init;

	if (stat("/proc/self/ns/mnt", &ours) || stat("/proc/1/ns/mnt", &init) ||
	    ours.st_ino == init.st_ino)
		return;
	log_warn("%s is mounted in a private mount namespace: if no process outlives skepd there, "
		 "the datapath ends with it",
		 where);
}

int startup_bpffs(const char *pin_dir, char *err, size_t err_size)
{
	char *copy = strdup(pin_dir);
	const char *parent, *where;
	int error = 0;

	if (!copy)
		return fail(err, err_size, pin_dir, ENOMEM);
	parent = dirname(copy);
	if (is_bpffs(parent))
		goto out;
	where = !strcmp(parent, SYS_BPFFS) || !strncmp(parent, SYS_BPFFS "/", strlen(SYS_BPFFS) + 1)
			? SYS_BPFFS
			: parent;
	if (where == parent)
		error = startup_make_dir(parent, 0755, err, err_size);
	if (!error && !is_bpffs(where)) {
		if (mount("bpf", where, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755")) {
			error = -errno;
			snprintf(err, err_size,
				 "%s is not on a bpf file system, and none can be mounted at %s: "
				 "%s%s",
				 parent, where, strerror(-error),
				 error == -EPERM ? " (CAP_SYS_ADMIN is missing)" : "");
		} else {
			log_info("mounted a bpf file system at %s", where);
			warn_if_private(where);
		}
	}
	if (!error && where != parent)
		error = startup_make_dir(parent, 0755, err, err_size);
out:
	free(copy);
	return error;
}

int startup_check_caps(char *err, size_t err_size)
{
	size_t len;

	if (capng_get_caps_process())
		return fail(err, err_size, "capabilities cannot be read", EPERM);
	len = (size_t)snprintf(err, err_size,
			       "skepd must run as root or with capabilities; missing:");
	for (size_t i = 0; i < N_KEPT; i++)
		if (!capng_have_capability(CAPNG_EFFECTIVE, kept[i].cap) && len < err_size)
			len += (size_t)snprintf(err + len, err_size - len, " %s", kept[i].name);
	return err[strlen(err) - 1] == ':' ? 0 : -EPERM;
}

/* Gives the folder of descriptor 'fd', which it closes, and the files and folders in it to the
 * user: 'depth' levels.  Symbolic links are not followed. */
static int chown_tree(int fd, unsigned int depth, uid_t uid, gid_t gid)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	struct stat st;
	int error = 0;

	if (!d) {
		error = -errno;
		close(fd);
		return error;
	}
	if (fchown(fd, uid, gid))
		error = -errno;
	while (!error && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode) && fchownat(fd, e->d_name, uid, gid, AT_SYMLINK_NOFOLLOW))
			error = -errno;
		if (S_ISDIR(st.st_mode) && depth) {
			int sub = openat(fd, e->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			error = sub < 0 ? -errno : chown_tree(sub, depth - 1, uid, gid);
		}
	}
	closedir(d);
	return error;
}

static int chown_dir(const char *dir, uid_t uid, gid_t gid, char *err, size_t err_size)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0 && errno == ENOENT)
		return 0;
	error = fd < 0 ? -errno : chown_tree(fd, 1, uid, gid);
	return error ? fail(err, err_size, dir, -error) : 0;
}

int startup_drop_privileges(const char *name, const char *const dirs[], char *err, size_t err_size)
{
	const struct passwd *pw = NULL;
	bool is_bounded;
	int error, ret;

	if (name) {
		errno = 0;
		pw = getpwnam(name);
		if (!pw) {
			snprintf(err, err_size, "user \"%s\": %s", name,
				 errno ? strerror(errno) : "there is no such user");
			return -ENOENT;
		}
		for (; *dirs; dirs++) {
			error = chown_dir(*dirs, pw->pw_uid, pw->pw_gid, err, err_size);
			if (error)
				return error;
		}
	}
	/* The bounding set can be emptied only by who may; else nobody who may not cares. */
	is_bounded = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < N_KEPT; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i].cap);
	if (pw) {
		ret = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid,
				      is_bounded ? CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING
						 : CAPNG_DROP_SUPP_GRP);
		if (ret) {
			snprintf(err, err_size, "cannot become user %s (error %d)", name, -ret);
			return -EPERM;
		}
	} else if (capng_apply(is_bounded ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS)) {
		return fail(err, err_size, "capabilities cannot be dropped", EPERM);
	}
	return 0;
}
