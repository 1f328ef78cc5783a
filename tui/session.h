/*
 * Which server, how it is known, and who we are: the server's address, the pin of its key, the
 * tokens, and the files they are kept in.
 *
 *   $XDG_DATA_HOME/leadgen/token        0600 in a 0700 directory; tokens by server
 *   $XDG_CONFIG_HOME/leadgen/known      pins by server, as ssh's known_hosts
 *   $XDG_CONFIG_HOME/leadgen/config.conf, themes/
 *   $XDG_STATE_HOME/leadgen/session.json, history, log
 */
#ifndef TUI_SESSION_H
#define TUI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct session {
    char *server;                       /* "https://127.0.0.1:8001", no slash at the end */
    char *pin;                          /* "sha256//..."; NULL: not known yet */
    char *access_token, *refresh_token; /* NULL: not signed in */
    int64_t access_ends_ms;             /* real time; 0: unknown */
    bool keep;                          /* tokens go to the file */
    /* While one acts as somebody else: the own ones, which stay in the file. */
    char *own_access, *own_refresh;
    int64_t own_ends_ms;
};

/*
 * server: from --server; NULL: LEADGEN_SERVER, or https://127.0.0.1:8001.
 * errors: ERR_INVALID, and why->field says what: "server" is not an https address, "token" is a
 * token file that others can read (exit code 3) or that cannot be read
 */
enum err session_open(const char *server, struct session **out, struct problem *why) MUST_CHECK;
void session_close(struct session *s); /* wipes */

/*
 * Ask the server for its key's pin, sending nothing else; blocks up to 10 s. The caller frees it.
 * errors: ERR_UNAVAILABLE
 */
enum err session_fetch_pin(const char *server, char **out, struct problem *why) MUST_CHECK;
/* "sha256//" and the 44 characters of a SHA-256 in base64. */
bool session_is_pin(const char *text);
/*
 * Accept a pin: from now on it is the only one.
 * errors: ERR_INVALID: not a pin; ERR_UNAVAILABLE: the file cannot be written, the pin holds for
 * this process
 */
enum err session_trust(struct session *s, const char *pin, struct problem *why) MUST_CHECK;

/*
 * New tokens (written at once, through a temporary file), or NULL, NULL to forget them.
 * expires_in: seconds of the access token, 0: unknown.
 * errors: ERR_INVALID: not tokens; ERR_UNAVAILABLE: the file cannot be written, they hold for this
 * process
 */
enum err session_tokens(struct session *s, const char *access, const char *refresh,
                        int64_t expires_in, struct problem *why) MUST_CHECK;
/*
 * Act as somebody else: these tokens serve this process alone and are never written.  The own ones
 * are back with session_act_end(), and when session_tokens() forgets these.
 * errors: ERR_INVALID: not tokens, or one acts already
 */
enum err session_act(struct session *s, const char *access, const char *refresh, int64_t expires_in,
                     struct problem *why) MUST_CHECK;
void session_act_end(struct session *s);
bool session_is_acting(const struct session *s);
/*
 * Read the tokens again: another process may have exchanged them, and a refresh token is good once.
 * True: they are others now.
 */
bool session_reload(struct session *s);

/*
 * "$XDG_STATE_HOME/leadgen/name" for ("XDG_STATE_HOME", "name"), its directory made 0700; likewise
 * XDG_DATA_HOME, XDG_CONFIG_HOME and XDG_CACHE_HOME.  The caller frees it.  NULL: no HOME.
 */
char *session_path(const char *xdg, const char *name);

#endif
