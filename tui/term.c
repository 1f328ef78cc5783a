#include "tui/term.h"

#include <curses.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { RESTORE_MAX = 512, TERM_NAME = 64, STACK = 64 * 1024 };
/* How long a lone Esc may still become the sequence of another key. */
enum { ESCAPE_MS = 25, ESCAPE_REMOTE_MS = 80, ESCAPE_MOST_MS = 3000 };

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

/*
 * What signal handlers read and write: they get no argument, so these cannot be anybody's members.
 * Set by term_start() before the handlers are.
 */
static char restore[RESTORE_MAX];
static size_t restore_n;
static struct termios before;
static volatile sig_atomic_t asked;
static int wake[2] = {-1, -1};
static struct sigaction curses_winch;

static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
static const int polite[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

static const char *capability(const char *name)
{
    const char *text = tigetstr((char *)(uintptr_t)name);

    /* padding ($<5>) is for terminals that are no more */
    return text && text != (const char *)-1 && !strstr(text, "$<") ? text : NULL;
}

/* Those that say so, and what else is like xterm: a second screen, and a mouse that reports. */
static bool has_paste(void)
{
    return capability("BE") || (capability("kmous") && capability("rmcup"));
}

static void put(const char *text)
{
    ssize_t n = write(STDOUT_FILENO, text, strlen(text));

    (void)n;
}

static void add(const char *text)
{
    size_t n = text ? strlen(text) : 0;

    if (restore_n + n >= sizeof(restore))
        return;
    memcpy(restore + restore_n, text ? text : "", n);
    restore_n += n;
}

/* Without a second screen what was shown must not stay. */
static void build_restore(void)
{
    const char *leave = capability("rmcup");

    restore_n = 0;
    if (has_paste())
        add(paste_off);
    add(capability("rmkx"));
    add(capability("sgr0"));
    add(capability("cnorm"));
    add(leave ? leave : capability("clear"));
}

static void give_back(void)
{
    ssize_t n = write(STDOUT_FILENO, restore, restore_n);

    (void)n;
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Only what is safe inside a handler: write, tcsetattr, and the signal again with its default. */
static void on_fatal(int sig)
{
    give_back();
    signal(sig, SIG_DFL);
    raise(sig);
}

static void nudge(void)
{
    ssize_t n = write(wake[1], "", 1);

    (void)n;
}

/* The second time somebody means it: the loop may be stuck in a write to a stopped terminal. */
static void on_polite(int sig)
{
    if (asked)
        on_fatal(sig);
    asked = sig;
    nudge();
}

/* curses notes the new size; we only see to it that the wait ends. */
static void on_resize(int sig)
{
    if (curses_winch.sa_handler != SIG_DFL && curses_winch.sa_handler != SIG_IGN)
        curses_winch.sa_handler(sig);
    nudge();
}

static void set_handlers(const int *signals, size_t n, void (*handler)(int), int flags)
{
    struct sigaction sa = {.sa_handler = handler};

    sigemptyset(&sa.sa_mask);
    sa.sa_flags = flags;
    for (size_t i = 0; i < n; i++)
        sigaction(signals[i], &sa, NULL);
}

/* A stack of its own: an overflow of ours is a SIGSEGV too. */
static void take_signals(void)
{
    static char stack[STACK];
    static const int winch[] = {SIGWINCH};
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};

    sigaltstack(&alternate, NULL);
    set_handlers(fatal, sizeof(fatal) / sizeof(*fatal), on_fatal,
                 (int)SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
    set_handlers(polite, sizeof(polite) / sizeof(*polite), on_polite, 0);
    sigaction(SIGWINCH, NULL, &curses_winch);
    set_handlers(winch, 1, on_resize, 0);
    signal(SIGPIPE, SIG_IGN);
}

/*
 * 24-bit colours where the terminal says that it has them (COLORTERM) and its "-direct" description
 * is installed; redefining palette entries instead would change the user's palette for good.
 */
static SCREEN *open_screen(void)
{
    const char *says = getenv("COLORTERM"), *name = getenv("TERM");
    char direct[TERM_NAME];
    int err;

    if (says && name && (strcmp(says, "truecolor") == 0 || strcmp(says, "24bit") == 0) &&
        snprintf(direct, sizeof(direct), "%.*s-direct", (int)strcspn(name, "-"), name) <
            (int)sizeof(direct) &&
        setupterm(direct, STDOUT_FILENO, &err) == OK)
        return newterm(direct, stdout, stdin);
    return newterm(NULL, stdout, stdin);
}

static bool open_wake(void)
{
    if (pipe(wake))
        return false;
    for (int i = 0; i < 2; i++)
        if (fcntl(wake[i], F_SETFD, FD_CLOEXEC) || fcntl(wake[i], F_SETFL, O_NONBLOCK))
            return false;
    return true;
}

/* Over a network the bytes of a key may come apart: there Esc takes longer. */
static int escape_ms(void)
{
    const char *wanted = getenv("ESCDELAY");
    long ms = wanted ? strtol(wanted, NULL, 10) : 0;

    if (ms > 0)
        return ms < ESCAPE_MOST_MS ? (int)ms : ESCAPE_MOST_MS;
    return getenv("SSH_CONNECTION") || getenv("SSH_TTY") ? ESCAPE_REMOTE_MS : ESCAPE_MS;
}

static void start_paste(void)
{
    if (!has_paste())
        return;
    define_key("\033[200~", TERM_PASTE);
    define_key("\033[201~", TERM_PASTE_END);
    put(paste_on);
}

bool term_start(void)
{
    if (tcgetattr(STDIN_FILENO, &before) || !open_wake())
        return false;
    set_escdelay(escape_ms());
    if (!open_screen())
        return false;
    build_restore();
    take_signals();
    raw();
    noecho();
    nonl();
    idlok(stdscr, TRUE);
    idcok(stdscr, FALSE); /* curses inserts at the wrong place beside wide characters */
    start_paste();
    return true;
}

/* curses undoes what it did, but without a second screen it leaves all on the first. */
void term_stop(void)
{
    if (has_paste())
        put(paste_off);
    endwin();
    if (!capability("rmcup"))
        give_back();
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void term_suspend(void)
{
    term_stop();
    raise(SIGSTOP);
    if (has_paste())
        put(paste_on);
    refresh();
}

int term_signal(void)
{
    return asked;
}

int term_wake_fd(void)
{
    return wake[0];
}

void term_rest(void)
{
    char bytes[64];

    while (read(wake[0], bytes, sizeof(bytes)) > 0)
        ;
}

bool term_gone(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

bool term_copy(const char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(text);

    if (!capability("Ms") && !has_paste())
        return false;
    put("\033]52;c;");
    for (size_t i = 0; i < n; i += 3) { /* RFC 4648 4 */
        unsigned a = (unsigned char)text[i], b = i + 1 < n ? (unsigned char)text[i + 1] : 0,
                 c = i + 2 < n ? (unsigned char)text[i + 2] : 0;
        char four[] = {digits[a >> 2], digits[(a & 3) << 4 | b >> 4],
                       i + 1 < n ? digits[(b & 15) << 2 | c >> 6] : '=',
                       i + 2 < n ? digits[c & 63] : '=', 0};

        put(four);
    }
    put("\a");
    return true;
}
