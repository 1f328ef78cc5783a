/* Following a job to its end, shared by `upload --wait` and `jobs wait`. */
#ifndef TUI_CLI_JOBS_H
#define TUI_CLI_JOBS_H

#include "tui/cli/cli.h"

/*
 * A bar on stderr: on a terminal, or as JSON lines with --progress=json, which takes `doc`.
 * share: 0 .. 1.  job_bar_end() leaves the line.
 */
void job_bar(struct cli *c, const char *what, double share, const cJSON *doc);
void job_bar_end(struct cli *c);

/* Until the job ends, showing its progress on stderr; prints the job at the end; the exit code. */
enum exit_code job_follow(struct cli *c, const char *id);

#endif
