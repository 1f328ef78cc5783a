#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static bool write_all(int fd, const char *data, size_t n)
{
    while (n) {
        ssize_t k = write(fd, data, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        data += k;
        n -= (size_t)k;
    }
    return true;
}

void file_sync_entry(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd;

    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

struct file_out {
    int fd;
    char path[PATH_MAX], temp[PATH_MAX];
};

static enum err why_not(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_UNAVAILABLE;
}

enum err file_begin(const char *path, unsigned mode, struct file_out **out)
{
    struct file_out *f = calloc(1, sizeof(*f));

    if (!f)
        return ERR_NO_MEMORY;
    if (snprintf(f->temp, sizeof(f->temp), "%s.%ld.part", path, (long)getpid()) >=
        (int)sizeof(f->temp)) {
        free(f);
        errno = ENAMETOOLONG;
        return ERR_UNAVAILABLE;
    }
    snprintf(f->path, sizeof(f->path), "%s", path);
    f->fd = open(f->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (f->fd < 0) {
        free(f);
        return why_not();
    }
    *out = f;
    return ERR_OK;
}

enum err file_add(struct file_out *f, const void *data, size_t n)
{
    return write_all(f->fd, data, n) ? ERR_OK : why_not();
}

enum err file_patch(struct file_out *f, size_t at, const void *data, size_t n)
{
    const char *p = data;

    while (n) {
        ssize_t k = pwrite(f->fd, p, n, (off_t)at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return why_not();
        p += k;
        at += (size_t)k;
        n -= (size_t)k;
    }
    return ERR_OK;
}

enum err file_map(struct file_out *f, size_t n, const void **out)
{
    void *p = mmap(NULL, n, PROT_READ, MAP_SHARED, f->fd, 0);

    *out = p == MAP_FAILED ? NULL : p;
    return *out ? ERR_OK : ERR_UNAVAILABLE;
}

void file_abandon(struct file_out *f)
{
    int saved = errno;

    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    unlink(f->temp);
    free(f);
    errno = saved;
}

int file_take(struct file_out *f)
{
    int fd = f->fd;

    unlink(f->temp);
    free(f);
    return fd;
}

enum err file_end(struct file_out *f)
{
    bool fine = !fsync(f->fd);
    enum err err;

    fine = !close(f->fd) && fine;
    f->fd = -1;
    if (!fine || rename(f->temp, f->path)) {
        err = why_not();
        file_abandon(f);
        return err;
    }
    file_sync_entry(f->path);
    free(f);
    return ERR_OK;
}

enum err file_write(const char *path, const void *data, size_t n, unsigned mode)
{
    struct file_out *f;
    enum err err = file_begin(path, mode, &f);

    if (err)
        return err;
    err = file_add(f, data, n);
    if (!err)
        return file_end(f);
    file_abandon(f);
    return err;
}

enum err file_read(const char *path, size_t max, struct arena *mem, const char **out, size_t *n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    char *text;
    ssize_t got;

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    if (fstat(fd, &st) || (size_t)st.st_size > max) {
        close(fd);
        return ERR_TOO_LARGE;
    }
    text = arena_alloc(mem, (size_t)st.st_size + 1);
    got = read(fd, text, (size_t)st.st_size);
    close(fd);
    if (got < 0)
        return ERR_UNAVAILABLE;
    *out = text;
    *n = (size_t)got;
    return ERR_OK;
}

enum err file_make_dir(const char *path)
{
    char part[PATH_MAX];
    size_t n = strlen(path);

    if (n >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return ERR_UNAVAILABLE;
    }
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}
