#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
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

enum err file_write(const char *path, const void *data, size_t n, unsigned mode)
{
    char temp[PATH_MAX];
    int fd, saved;

    if (snprintf(temp, sizeof(temp), "%s.%ld.part", path, (long)getpid()) >= (int)sizeof(temp)) {
        errno = ENAMETOOLONG;
        return ERR_UNAVAILABLE;
    }
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
    if (fd < 0)
        return errno == ENOSPC ? ERR_DISK_FULL : ERR_UNAVAILABLE;
    if (!write_all(fd, data, n) || fsync(fd) || close(fd) || rename(temp, path)) {
        saved = errno;
        unlink(temp);
        errno = saved;
        return saved == ENOSPC || saved == EDQUOT ? ERR_DISK_FULL : ERR_UNAVAILABLE;
    }
    file_sync_entry(path);
    return ERR_OK;
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
