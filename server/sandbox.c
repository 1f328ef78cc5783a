#include "server/sandbox.h"

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* By name: what an architecture has not got is left out. */
/* clang-format off */
static const char *const allowed[] = {
    /* files */
    "access", "chmod", "close", "dup", "faccessat", "faccessat2", "fallocate", "fchmod", "fchmodat",
    "fchown", "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "getcwd",
    "getdents64", "ioctl", "link", "linkat", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat",
    "open", "openat", "pread64", "preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat",
    "readv", "rename", "renameat", "renameat2", "rmdir", "stat", "statfs", "statx",
    "sync_file_range", "umask", "unlink", "unlinkat", "utimensat", "write", "writev",
    /* sockets and waiting */
    "accept", "accept4", "bind", "connect", "epoll_create1", "epoll_ctl", "epoll_pwait",
    "epoll_wait", "eventfd2", "getpeername", "getsockname", "getsockopt", "listen", "pipe", "pipe2",
    "poll", "ppoll", "pselect6", "recvfrom", "recvmmsg", "recvmsg", "select", "sendmmsg", "sendmsg",
    "sendto", "setsockopt", "shutdown", "socketpair",
    /* memory; mmap and mprotect have rules of their own */
    "brk", "madvise", "membarrier", "mincore", "mlock", "mremap", "msync", "munlock", "munmap",
    /* threads, signals, time */
    "clock_getres", "clock_gettime", "clock_nanosleep", "exit", "exit_group", "futex",
    "get_robust_list", "getitimer", "getpid", "gettid", "gettimeofday", "nanosleep",
    "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigtimedwait", "sched_getaffinity", "sched_yield", "set_robust_list", "set_tid_address",
    "sigaltstack", "tgkill", "time",
    /* what it is and has */
    "getegid", "geteuid", "getgid", "getrandom", "getrlimit", "getrusage", "getuid", "prctl",
    "prlimit64", "setrlimit", "sysinfo", "uname",
};
/* clang-format on */

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK /* how names are resolved */};

static int allow_names(scmp_filter_ctx f)
{
    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
        int nr = seccomp_syscall_resolve_name(allowed[i]);
        int rc = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);

        if (rc && rc != -EDOM) /* -EDOM: not on this architecture */
            return rc;
    }
    return 0;
}

static int allow_some(scmp_filter_ctx f)
{
    const unsigned wx = PROT_WRITE | PROT_EXEC;
    int rc = 0;

    for (size_t i = 0; i < sizeof(families) / sizeof(*families) && !rc; i++)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    if (!rc) /* libraries are mapped to be executed, never to be written as well */
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, wx, PROT_EXEC));
    if (!rc)
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!rc) /* a thread, and no process */
        rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (!rc) /* its flags lie in memory; the C library then takes clone */
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

enum err sandbox_enter(struct problem *why)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int rc = f ? allow_names(f) : -ENOMEM;

    if (!rc)
        rc = allow_some(f);
    if (!rc)
        rc = seccomp_load(f);
    if (f)
        seccomp_release(f);
    if (!rc)
        return ERR_OK;
    problem_set(why, "sandbox", "the kernel does not take the filter: %s", strerror(-rc));
    return ERR_UNAVAILABLE;
}
