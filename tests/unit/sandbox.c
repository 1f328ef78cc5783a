/* In a child process: what the server needs goes on, what a hijacked thread would want does not. */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/test.h"

static bool run_program(void)
{
    char name[] = "true", *argv[] = {name, NULL};

    execv("/bin/true", argv); /* succeeds: the child ends with 0 */
    return errno == EPERM;
}

static bool is_refused(long rc)
{
    return rc == -1 && errno == EPERM;
}

static bool make_process(void)
{
    return is_refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0L));
}

static bool trace(void)
{
    return is_refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static bool mount_something(void)
{
    return is_refused(mount("none", "/nowhere", "tmpfs", 0, NULL));
}

static bool packet_socket(void)
{
    return is_refused(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool write_and_execute(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED &&
           errno == EPERM;
}

static bool written_then_executed(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p != MAP_FAILED && is_refused(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static void *count(void *arg)
{
    ++*(int *)arg;
    return NULL;
}

static bool threads_and_sockets(void)
{
    pthread_t t;
    int n = 0, fd = socket(AF_INET, SOCK_STREAM, 0), file = open("/etc/passwd", O_RDONLY);

    return pthread_create(&t, NULL, count, &n) == 0 && pthread_join(t, NULL) == 0 && n == 1 &&
           fd >= 0 && file >= 0;
}

static const struct {
    const char *what;
    bool (*holds)(void);
    bool control; /* without the filter it must not hold */
} rows[] = {
    {"another program", run_program, true},
    {"a process", make_process, true},
    {"tracing", trace, true},
    {"a mount", mount_something, false /* EPERM too for who is not root */},
    {"a packet socket", packet_socket, false},
    {"memory to write and execute", write_and_execute, true},
    {"memory written, then executed", written_then_executed, true},
    {"threads, sockets and files go on", threads_and_sockets, false},
};

/* 0: it holds. 1: it does not. 2: the filter cannot be entered. */
static int in_child(size_t i, bool enter)
{
    struct problem why = {0};
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (enter && sandbox_enter(&why))
            _exit(2);
        _exit(rows[i].holds() ? 3 : 1);
    }
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status) == 3 ? 0 : WEXITSTATUS(status) == 2 ? 2 : 1;
}

static void the_list(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int with = in_child(i, true);

        if (with)
            fprintf(stderr, "%s: %d\n", rows[i].what, with);
        CHECK(with == 0);
        if (rows[i].control)
            CHECK(in_child(i, false) == 1);
    }
}

static const struct test tests[] = {
    {"sandbox: what the server needs, and no more", the_list},
};

#ifdef SANITIZED
int main(void)
{
    (void)tests;
    puts("NOT PROVEN sandbox: a sanitizer needs more system calls than the server");
    return 0;
}
#else
TEST_MAIN(tests)
#endif
