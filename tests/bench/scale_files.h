/* The files of a bench's index. */
#ifndef TESTS_BENCH_SCALE_FILES_H
#define TESTS_BENCH_SCALE_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void each_file(const char *dir,
                             void (*fn)(const char *dir, const char *file, void *arg), void *arg)
{
    DIR *d = opendir(dir);

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (e->d_name[0] != '.')
            fn(dir, e->d_name, arg);
    if (d)
        closedir(d);
}

static inline void drop_cached(const char *dir, const char *file, void *arg)
{
    char path[PATH_MAX];
    int fd;

    (void)arg;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
}

static inline void add_size(const char *dir, const char *file, void *arg)
{
    char path[PATH_MAX];
    struct stat st;
    int64_t *sum = arg;

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (stat(path, &st) == 0)
        *sum += st.st_size;
}

static inline void copy_file(const char *dir, const char *file, void *arg)
{
    const char *to = arg;
    char from_path[PATH_MAX], to_path[PATH_MAX];
    struct stat st;
    int from, out;

    snprintf(from_path, sizeof(from_path), "%s/%s", dir, file);
    snprintf(to_path, sizeof(to_path), "%s/%s", to, file);
    from = open(from_path, O_RDONLY | O_CLOEXEC);
    out = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (from < 0 || out < 0 || fstat(from, &st))
        exit(1);
    for (off_t left = st.st_size; left > 0;) {
        ssize_t n = sendfile(out, from, NULL, (size_t)left);

        if (n <= 0)
            exit(1);
        left -= n;
    }
    close(from);
    close(out);
}

static inline void remove_file(const char *dir, const char *file, void *arg)
{
    char path[PATH_MAX];

    (void)arg;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    unlink(path);
}

#endif
