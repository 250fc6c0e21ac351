/* Makes the n-th file operation below a folder fail, or end the process. Linux and glibc.
 *
 * Preloaded (LD_PRELOAD) into the program under test, which steers it by ctypes; see nth.py.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FAIL, FAIL_FROM_HERE, SHORT_WRITE, KILL, KILL_HALF_WRITTEN };

static char folder[4096];
static int wanted, error_number, manner;
static int seen, fired;
static const char *last = "";

void fault_watch(const char *path) { snprintf(folder, sizeof folder, "%s", path); }

/* The `at`-th operation from now on fails with `error` in manner `how`; 0 disarms. */
void fault_arm(int at, int error, int how) {
    wanted = at, error_number = error, manner = how, seen = 0, fired = 0, last = "";
}
int fault_seen(void) { return seen; }
int fault_fired(void) { return fired; }
const char *fault_last(void) { return last; }

static int below(const char *path) {
    return folder[0] && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int below_fd(int fd) {
    char link[64], path[4096];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = before;
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

/* Whether this operation is to fail; never returns where it is to end the process. */
static int hit(const char *what, int writes) {
    if (!wanted) return 0;
    seen++;
    if (seen != wanted && !(manner == FAIL_FROM_HERE && seen > wanted)) return 0;
    fired++;
    if (fired == 1) last = what;
    if (manner == KILL) kill(getpid(), SIGKILL);
    if (writes && (manner == SHORT_WRITE || manner == KILL_HALF_WRITTEN)) return 2;
    if (manner == KILL_HALF_WRITTEN) kill(getpid(), SIGKILL);
    errno = error_number;
    return 1;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if (below(path) && hit("open", 0)) return -1; \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if (below(path) && hit("open", 0)) return -1; \
        return real(at, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

/* Half is written; then the process ends, or the next operation is the one that fails. */
#define WRITTEN(half) \
    if (struck == 2) { \
        ssize_t done = half; \
        if (manner == KILL_HALF_WRITTEN) kill(getpid(), SIGKILL); \
        wanted = seen + 1, manner = FAIL; \
        return done; \
    } \
    if (struck) return -1

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    int struck = below_fd(fd) ? hit("write", 1) : 0;
    WRITTEN(real(fd, data, size / 2));
    return real(fd, data, size);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
        REAL(name); \
        int struck = below_fd(fd) ? hit("write", 1) : 0; \
        WRITTEN(real(fd, data, size / 2, offset)); \
        return real(fd, data, size, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define ON_FD(name, label, parameters, arguments) \
    int name parameters { \
        REAL(name); \
        if (below_fd(fd) && hit(label, 0)) return -1; \
        return real arguments; \
    }
ON_FD(fsync, "fsync", (int fd), (fd))
ON_FD(fdatasync, "fsync", (int fd), (fd))
ON_FD(ftruncate, "truncate", (int fd, off_t size), (fd, size))
ON_FD(ftruncate64, "truncate", (int fd, off64_t size), (fd, size))
ON_FD(fchmod, "chmod", (int fd, mode_t mode), (fd, mode))

#define ON_PATH(name, label, parameters, arguments) \
    int name parameters { \
        REAL(name); \
        if (below(path) && hit(label, 0)) return -1; \
        return real arguments; \
    }
ON_PATH(unlink, "unlink", (const char *path), (path))
ON_PATH(unlinkat, "unlink", (int at, const char *path, int flags), (at, path, flags))
ON_PATH(rename, "rename", (const char *path, const char *to), (path, to))
ON_PATH(link, "link", (const char *path, const char *to), (path, to))
ON_PATH(linkat, "link", (int a, const char *path, int b, const char *to, int c), (a, path, b, to, c))
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), (path, mode))

#define SENDFILE(name, offset_type) \
    ssize_t name(int out, int in, offset_type *offset, size_t size) { \
        REAL(name); \
        if (below_fd(out) && hit("write", 0)) return -1; \
        return real(out, in, offset, size); \
    }
#include <sys/sendfile.h>
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)
