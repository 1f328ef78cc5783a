#include "server/audit_command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "server/audit.h"
#include "server/chain.h"
#include "server/control.h"

enum { KEYS_FILE_MAX = 64 * 1024, VERIFY_SECONDS = 3600 };

static const struct field ask_fields[] = {FIELD(audit_verify_ask, witness, .max = PATH_MAX), {0}};
static const struct type ask_type = {"audit_verify_ask", sizeof(struct audit_verify_ask),
                                     ask_fields, .owned = NO_OWNED};

static const struct field verdict_fields[] = {
    FIELD(audit_verdict, fault),     FIELD(audit_verdict, record),
    FIELD(audit_verdict, first),     FIELD(audit_verdict, last),
    FIELD(audit_verdict, records),   FIELD(audit_verdict, checkpoints),
    FIELD(audit_verdict, gaps),      FIELD(audit_verdict, covered),
    FIELD(audit_verdict, witnessed), {0},
};
static const struct type verdict_type = {"audit_verdict", sizeof(struct audit_verdict),
                                         verdict_fields, .owned = NO_OWNED};

static int fail(enum err err, const struct problem *why)
{
    fprintf(stderr, "leadgend: %s%s%s\n", why->field, why->field[0] ? ": " : "",
            why->text[0] ? why->text : err_title(err));
    return EXIT_FAILURE;
}

static struct audit_verdict verdict_of(const struct audit_report *r, bool witnessed)
{
    return (struct audit_verdict){.fault = audit_fault_word(r->fault),
                                  .record = r->record,
                                  .first = r->first,
                                  .last = r->last,
                                  .records = r->records,
                                  .checkpoints = r->checkpoints,
                                  .gaps = r->gaps,
                                  .covered = r->covered,
                                  .witnessed = witnessed};
}

int audit_print_verdict(const struct audit_verdict *v)
{
    enum audit_fault f = audit_fault_find(v->fault);

    if (f) {
        printf("%s: record %lld: %s\n", v->fault, (long long)v->record, audit_fault_text(f));
        return AUDIT_EXIT_FAULT;
    }
    printf("ok: %lld records (%lld to %lld), checkpoints: %lld, the last covers %lld%s\n",
           (long long)v->records, (long long)v->first, (long long)v->last,
           (long long)v->checkpoints, (long long)v->covered,
           v->witnessed ? "" : "; no witness was at hand");
    if (v->gaps)
        printf("times that the log had lost records when the server started: %lld\n",
               (long long)v->gaps);
    return EXIT_SUCCESS;
}

/* Without a file that was asked for there is no verdict; the usual one may be missing. */
static enum err read_witness(const char *path, bool must, struct arena *mem, struct audit *out,
                             struct audit_check_options *o, struct problem *why)
{
    enum err err = audit_witness_read(path, mem, out);

    if (err == ERR_NOT_FOUND && !must)
        return ERR_OK;
    if (err) {
        problem_set(why, "witness", "cannot read what was last signed of the log");
        return err;
    }
    o->witness = out;
    return ERR_OK;
}

int audit_verify_export(const struct audit_ask *ask, struct arena *mem)
{
    struct audit_keys keys;
    struct audit_check_options o = {.keys = &keys};
    struct audit_report report = {0};
    struct audit_verdict out;
    struct problem why = {0};
    struct audit witness;
    const char *text;
    size_t n;
    enum err err;

    if (!ask->public_keys) {
        problem_set(&why, "public-keys", "say whose signatures count: --public-keys FILE");
        return fail(ERR_INVALID, &why);
    }
    err = file_read(ask->public_keys, KEYS_FILE_MAX, mem, &text, &n);
    if (err)
        problem_set(&why, "public-keys", "cannot read the file");
    if (!err)
        err = audit_keys_read(text, &keys, &why);
    if (!err && ask->witness)
        err = read_witness(ask->witness, true, mem, &witness, &o, &why);
    if (!err)
        err = audit_check_file(ask->export, &o, &report, &why);
    if (err)
        return fail(err, &why);
    out = verdict_of(&report, o.witness != NULL);
    return audit_print_verdict(&out);
}

static enum err verify(struct server *srv, const void *asked, struct arena *mem, void *reply,
                       struct problem *why)
{
    const struct audit_verify_ask *ask = asked;
    struct audit_keys keys;
    struct audit_check_options o = {.keys = &keys, .seal = srv->seal};
    struct audit_report report = {0};
    struct audit witness;
    const char *path = ask->witness ? ask->witness : audit_witness_path(srv->options, mem);
    enum err err = read_witness(path, ask->witness != NULL, mem, &witness, &o, why);

    audit_keys_of(srv->seal, &keys);
    if (!err)
        err = audit_check_store(srv->store, &o, &report);
    *(struct audit_verdict *)reply = verdict_of(&report, o.witness != NULL);
    return err;
}

const struct control_command control_audit_verify = {"audit verify", &ask_type, &verdict_type,
                                                     verify, VERIFY_SECONDS};

enum err audit_verify_prepare(const struct options *o, struct audit_verify_ask *ask,
                              struct arena *mem, struct problem *why)
{
    char path[PATH_MAX];

    if (access(o->data, F_OK)) { /* opening would make it, and find nothing wrong in it */
        problem_set(why, "data", "there is no such directory");
        return ERR_NOT_FOUND;
    }
    if (ask->witness && !realpath(ask->witness, path)) {
        problem_set(why, "witness", "there is no such file");
        return ERR_NOT_FOUND;
    }
    if (ask->witness)
        ask->witness = arena_strdup(mem, path);
    return ERR_OK;
}

enum err audit_print_keys(const char *keys_dir, struct problem *why)
{
    struct seal *s = NULL;
    struct audit_keys keys;
    enum err err = seal_open(keys_dir, &s, why);

    if (err)
        return err;
    audit_keys_of(s, &keys);
    seal_close(s);
    for (size_t i = 0; i < keys.n; i++) {
        char hex[2 * SEAL_PUBLIC + 1];

        chain_hex(keys.v[i].key, SEAL_PUBLIC, hex);
        printf("%lld %s\n", (long long)keys.v[i].id, hex);
    }
    return ERR_OK;
}
