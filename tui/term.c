#include "tui/term.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <term.h>
#include <termios.h>

enum { ESCAPE_MS = 50, RESTORE_MAX = 512 };

/* Written by term_start() before the handlers are set, read by them. */
static char restore[RESTORE_MAX];
static size_t restore_n;
static struct termios before;
static volatile sig_atomic_t asked;

static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
static const int polite[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};

static void add(const char *capability)
{
    char *text = tigetstr((char *)(uintptr_t)capability);
    size_t n;

    if (!text || text == (char *)-1)
        return;
    n = strlen(text);
    /* padding ($<5>) is for terminals that are no more */
    if (strchr(text, '$') || restore_n + n >= sizeof(restore))
        return;
    memcpy(restore + restore_n, text, n);
    restore_n += n;
}

static void add_text(const char *text)
{
    size_t n = strlen(text);

    if (restore_n + n < sizeof(restore)) {
        memcpy(restore + restore_n, text, n);
        restore_n += n;
    }
}

/* Only what is safe inside a handler: write, tcsetattr, and the signal again with its default. */
static void on_fatal(int sig)
{
    ssize_t n = write(STDOUT_FILENO, restore, restore_n);

    (void)n;
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    signal(sig, SIG_DFL);
    raise(sig);
}

static void on_polite(int sig)
{
    asked = sig;
}

static void take_signals(void)
{
    struct sigaction sa = {.sa_handler = on_fatal};

    sigemptyset(&sa.sa_mask);
    sa.sa_flags = (int)SA_RESETHAND | SA_NODEFER;
    for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
        sigaction(fatal[i], &sa, NULL);
    sa.sa_handler = on_polite;
    sa.sa_flags = 0; /* no restart: the wait ends */
    for (size_t i = 0; i < sizeof(polite) / sizeof(*polite); i++)
        sigaction(polite[i], &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void build_restore(void)
{
    restore_n = 0;
    add("rmkx");
    add("sgr0");
    add("cnorm");
    add_text("\033[?2004l");
    if (tigetstr((char *)(uintptr_t) "rmcup") &&
        tigetstr((char *)(uintptr_t) "rmcup") != (char *)-1)
        add("rmcup");
    else
        add("clear"); /* no second screen: what was shown must not stay */
}

bool term_start(void)
{
    if (tcgetattr(STDIN_FILENO, &before))
        return false;
    set_escdelay(ESCAPE_MS);
    if (!newterm(NULL, stdout, stdin))
        return false;
    build_restore();
    take_signals();
    raw();
    noecho();
    nonl();
    return true;
}

void term_stop(void)
{
    ssize_t n;

    endwin();
    n = write(STDOUT_FILENO, restore, restore_n);
    (void)n;
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void term_suspend(void)
{
    term_stop();
    raise(SIGSTOP);
    refresh();
}

int term_signal(void)
{
    return asked;
}

bool term_gone(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}
