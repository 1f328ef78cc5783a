/* The client's calls against a server in this process that answers as it is told. */
#include "tests/unit/api_fake.h"

/* What a call ended with. */
struct seen {
    int done, chunks, most_chunks;
    enum err err;
    unsigned status;
    bool sent, pin_mismatch, has_doc;
    int64_t retry_after;
    char detail[128], field[32], bytes[64];
    size_t streamed, left;
};

static void note(void *arg, const struct api_reply *r)
{
    struct seen *s = arg;

    s->done++;
    s->err = r->err;
    s->status = r->status;
    s->sent = r->sent;
    s->pin_mismatch = r->pin_mismatch;
    s->has_doc = r->doc != NULL;
    s->retry_after = r->retry_after;
    snprintf(s->detail, sizeof(s->detail), "%s", r->detail);
    snprintf(s->field, sizeof(s->field), "%s", r->field);
    snprintf(s->bytes, sizeof(s->bytes), "%.*s", (int)r->len, r->bytes);
}

static void wait_all(void)
{
    while (api_busy(fake.api))
        api_wait(fake.api, NULL, 0, -1);
}

static struct seen get(const char *path)
{
    struct seen s = {0};

    api_send(fake.api, &(struct api_request){.method = "GET", .path = path}, note, &s);
    wait_all();
    CHECK(s.done == 1);
    return s;
}

static void a_reply_is_parsed(void)
{
    struct seen s;

    begin();
    s = get("/api/ok");
    CHECK(s.err == ERR_OK && s.status == 200 && s.has_doc);
    CHECK_STR(s.bytes, "{\"body\":0,\"last\":0}");
    CHECK_STR(s.detail, "");
    CHECK(fake.seen_tokens == 1);
    end();
}

static void a_problem_becomes_its_error(void)
{
    struct seen s;

    begin();
    s = get("/api/problem");
    CHECK(s.err == ERR_RATE && s.status == 429 && s.retry_after == 7);
    CHECK_STR(s.detail, "slow [31mdown");
    CHECK_STR(s.field, "rate");
    s = get("/api/html");
    CHECK(s.err == ERR_INTERNAL && s.status == 500 && *s.detail);
    s = get("/api/broken");
    CHECK(s.err == ERR_INTERNAL && !s.has_doc);
    end();
}

static void a_redirect_is_not_followed(void)
{
    struct seen s;

    begin();
    s = get("/api/elsewhere");
    CHECK(s.err == ERR_INTERNAL && s.status == 302);
    CHECK(fake.requests == 1);
    end();
}

static void nothing_is_sent_without_a_pin(void)
{
    struct seen s;

    begin();
    free(fake.session.pin);
    fake.session.pin = NULL;
    s = get("/api/ok");
    CHECK(s.err == ERR_UNAVAILABLE && !s.sent && *s.detail);
    CHECK(fake.requests == 0);
    end();
}

static void nothing_is_sent_to_another_key(void)
{
    struct seen s;
    char *pin;

    begin();
    pin = fake.session.pin;
    pin[8] = pin[8] == 'A' ? 'B' : 'A';
    s = get("/api/ok");
    CHECK(s.err == ERR_UNAVAILABLE && s.pin_mismatch && !s.sent);
    CHECK(fake.requests == 0);
    end();
}

static void the_fetched_pin_is_the_servers(void)
{
    struct problem why = {0};
    char *pin = NULL;

    begin();
    CHECK(session_fetch_pin(fake.session.server, &pin, &why) == ERR_OK);
    CHECK(pin && strcmp(pin, fake.pin) == 0);
    CHECK(fake.requests == 0);
    free(pin);
    end();
    CHECK(session_fetch_pin("https://127.0.0.1:1", &pin, &why) == ERR_UNAVAILABLE);
    CHECK(*why.text);
}

static void nobody_is_signed_in(void)
{
    struct seen s;

    begin();
    free(fake.session.access_token);
    fake.session.access_token = NULL;
    s = get("/api/ok");
    CHECK(s.err == ERR_UNAUTHORIZED && !s.sent && s.status == 0);
    CHECK(fake.requests == 0);
    end();
}

static void a_server_that_is_gone(void)
{
    char *server = fake.session.server;
    struct seen s;

    begin();
    fake.session.server = (char *)(uintptr_t) "https://127.0.0.1:1";
    s = get("/api/ok");
    CHECK(s.err == ERR_UNAVAILABLE && s.status == 0 && !s.sent);
    fake.session.server = server;
    s = get("/api/drop");
    CHECK(s.err == ERR_UNAVAILABLE && s.status == 0 && s.sent);
    end();
}

static void many_calls_share_one_exchange(void)
{
    struct seen s[5] = {0};

    begin();
    for (int i = 0; i < 5; i++)
        api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/private"}, note,
                 &s[i]);
    wait_all();
    for (int i = 0; i < 5; i++)
        CHECK(s[i].done == 1 && s[i].err == ERR_OK);
    CHECK(fake.refreshes == 1);
    CHECK_STR(fake.session.access_token, "fresh");
    CHECK_STR(fake.session.refresh_token, "r2");
    CHECK(fake.session.access_ends_ms > clock_real_ms());
    end();
}

static void a_token_is_exchanged_before_it_ends(void)
{
    struct seen s;

    begin();
    fake.session.access_ends_ms = clock_real_ms() + 1000;
    s = get("/api/private");
    CHECK(s.err == ERR_OK);
    CHECK(fake.requests == 2 && fake.refreshes == 1);
    end();
}

static void an_exchange_that_fails_ends_the_session(void)
{
    struct seen s;

    begin();
    fake.refresh_status = 503;
    s = get("/api/private");
    CHECK(s.err != ERR_OK && fake.session.access_token);
    fake.refresh_status = 401;
    s = get("/api/private");
    CHECK(s.err == ERR_UNAUTHORIZED && !fake.session.access_token);
    end();
}

static void a_call_is_repeated_only_once(void)
{
    struct seen s;

    begin();
    s = get("/api/never");
    CHECK(s.err == ERR_TOKEN_EXPIRED && s.status == 401);
    CHECK(fake.requests == 3 && fake.refreshes == 1);
    end();
}

static int asked;

static void count_asking(void *arg)
{
    (void)arg;
    asked++;
}

/* Held until somebody has given the password, then sent again, once. */
static void a_dangerous_call_waits_for_the_password(void)
{
    struct seen first = {0}, second = {0};
    struct api_request r = {.method = "POST", .path = "/api/dangerous", .json = "{}"};

    begin();
    api_send(fake.api, &r, note, &first);
    wait_all();
    CHECK(first.done == 1 && first.err == ERR_CONFIRM); /* nobody is there to be asked */
    api_on_confirm(fake.api, count_asking, NULL);
    asked = 0;
    fake.requests = 0;
    api_send(fake.api, &r, note, &first);
    api_send(fake.api, &r, note, &second);
    while (asked < 2)
        api_wait(fake.api, NULL, 0, -1);
    CHECK(first.done == 1 && second.done == 0 && fake.requests == 2);
    api_cancel_all(fake.api, &second);
    fake.confirmed = 1;
    api_confirmed(fake.api, true);
    wait_all();
    CHECK(first.done == 2 && first.err == ERR_OK && second.done == 0 && fake.requests == 3);
    fake.confirmed = 0;
    api_send(fake.api, &r, note, &first);
    while (asked < 3)
        api_wait(fake.api, NULL, 0, -1);
    api_confirmed(fake.api, false);
    wait_all();
    CHECK(first.done == 3 && first.err == ERR_CONFIRM && fake.requests == 4);
    api_send(fake.api, &r, note, &first);
    while (asked < 4)
        api_wait(fake.api, NULL, 0, -1);
    api_confirmed(fake.api, true); /* the server does not agree: it is not asked for again */
    wait_all();
    CHECK(first.done == 4 && first.err == ERR_CONFIRM && asked == 4);
    end();
}

/* Whoever the session is of when the answer comes: what one asked is not done in another's name. */
static void nothing_is_sent_in_another_name(void)
{
    struct seen waiting = {0}, later = {0};

    begin();
    fake.session.access_ends_ms = clock_real_ms() + 1000; /* so that it waits for an exchange */
    api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/ok"}, note, &waiting);
    api_person_changed(fake.api);
    wait_all();
    CHECK(waiting.done == 1 && waiting.err == ERR_UNAUTHORIZED);
    fake.session.access_ends_ms = 0;
    api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/private"}, note,
             &later);
    api_person_changed(fake.api);
    wait_all();
    CHECK(later.done == 1 && later.err == ERR_TOKEN_EXPIRED);
    CHECK(get("/api/ok").err == ERR_OK); /* the control */
    end();
}

static void a_reply_has_a_ceiling(void)
{
    struct seen s;

    begin();
    s = get("/api/huge");
    CHECK(s.err == ERR_TOO_LARGE && s.sent);
    end();
}

static bool take_chunk(void *arg, const char *data, size_t n)
{
    struct seen *s = arg;

    CHECK(data[0] == '0');
    s->streamed += n;
    s->chunks++;
    return !s->most_chunks || s->chunks < s->most_chunks;
}

static void a_streamed_reply_has_none(void)
{
    struct seen s = {0}, ended = {.most_chunks = 2};
    struct api_request r = {.method = "GET", .path = "/api/stream", .bytes = take_chunk};

    begin();
    api_send(fake.api, &r, note, &s);
    wait_all();
    CHECK(s.done == 1 && s.err == ERR_OK && s.streamed == STREAM_REPLY && !s.has_doc);
    api_send(fake.api, &r, note, &ended);
    wait_all();
    CHECK(ended.done == 1 && ended.err == ERR_OK && ended.chunks == 2);
    r.path = "/api/problem";
    s = (struct seen){0};
    api_send(fake.api, &r, note, &s);
    wait_all();
    CHECK(s.err == ERR_RATE && s.streamed == 0 && s.has_doc);
    end();
}

static long give_body(void *arg, char *out, size_t max)
{
    struct seen *s = arg;
    size_t n = max < s->left ? max : s->left;

    memset(out, 'x', n);
    s->left -= n;
    if (n && s->left == 0)
        out[n - 1] = '!';
    return (long)n;
}

static void a_body_is_streamed(void)
{
    struct seen s = {.left = 3000000};
    struct api_request r = {.method = "POST",
                            .path = "/api/private",
                            .body = give_body,
                            .body_size = 3000000,
                            .body_type = "text/csv"};
    char want[64];

    begin();
    api_send(fake.api, &r, note, &s);
    wait_all();
    snprintf(want, sizeof(want), "{\"body\":3000000,\"last\":%d}", '!');
    CHECK(s.err == ERR_OK);
    CHECK_STR(s.bytes, want);
    CHECK(fake.refreshes == 1);
    end();
}

static void json_goes_out_with_the_key(void)
{
    struct seen s = {0};

    begin();
    api_send(fake.api,
             &(struct api_request){
                 .method = "POST", .path = "/api/ok", .json = "{\"a\":1}", .anonymous = true},
             note, &s);
    wait_all();
    CHECK_STR(s.bytes, "{\"body\":7,\"last\":125}");
    CHECK(fake.seen_tokens == 0);
    end();
}

static void silence_ends_a_call(void)
{
    struct seen s = {0};

    begin();
    CHECK(pipe(fake.hold) == 0);
    api_send(fake.api,
             &(struct api_request){.method = "GET", .path = "/api/hold", .timeout_ms = 100}, note,
             &s);
    wait_all();
    CHECK(s.err == ERR_UNAVAILABLE && s.status == 0 && s.sent);
    end();
    close(fake.hold[1]);
}

static void a_cancelled_call_is_never_done(void)
{
    struct seen s = {0}, other = {0};
    struct api_request r = {.method = "GET", .path = "/api/ok"};
    struct api_call *c;

    begin();
    c = api_send(fake.api, &r, note, &s);
    api_send(fake.api, &r, note, &other);
    api_run(fake.api);
    api_cancel(fake.api, c);
    api_cancel(fake.api, c);
    api_cancel(fake.api, NULL);
    wait_all();
    CHECK(s.done == 0 && other.done == 1);
    for (int i = 0; i < 3; i++)
        api_send(fake.api, &r, note, &s);
    api_cancel_all(fake.api, &s);
    CHECK(!api_busy(fake.api));
    end();
}

/* Callbacks that cancel: their own call, and all of them. */
static bool cancel_in_stream(void *arg, const char *data, size_t n)
{
    struct seen *s = arg;

    (void)data;
    s->streamed += n;
    s->chunks++;
    api_cancel_all(fake.api, s);
    return true;
}

static void cancel_in_done(void *arg, const struct api_reply *r)
{
    note(arg, r);
    api_cancel_all(fake.api, arg);
}

static void a_callback_may_cancel(void)
{
    struct seen s = {0}, d = {0};
    struct api_request r = {.method = "GET", .path = "/api/stream", .bytes = cancel_in_stream};

    begin();
    api_send(fake.api, &r, note, &s);
    wait_all();
    CHECK(s.done == 0 && s.chunks == 1);
    r = (struct api_request){.method = "GET", .path = "/api/ok"};
    for (int i = 0; i < 4; i++)
        api_send(fake.api, &r, cancel_in_done, &d);
    wait_all();
    CHECK(d.done == 1);
    end();
}

static void send_again(void *arg, const struct api_reply *r)
{
    struct seen *s = arg;

    note(arg, r);
    if (s->done < 3)
        api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/ok"}, send_again,
                 arg);
}

static void a_callback_may_send(void)
{
    struct seen s = {0};

    begin();
    api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/ok"}, send_again, &s);
    wait_all();
    CHECK(s.done == 3);
    free(fake.session.access_token);
    fake.session.access_token = NULL;
    s.done = 0;
    api_send(fake.api, &(struct api_request){.method = "GET", .path = "/api/ok"}, send_again, &s);
    wait_all();
    CHECK(s.done == 3 && s.err == ERR_UNAUTHORIZED);
    end();
}

static void other_descriptors_wake_it(void)
{
    struct pollfd p = {.events = POLLIN};
    int ends[2];

    begin();
    CHECK(pipe(ends) == 0);
    p.fd = ends[0];
    CHECK(write(ends[1], "x", 1) == 1);
    api_wait(fake.api, &p, 1, -1);
    CHECK(p.revents & POLLIN);
    close(ends[1]);
    CHECK(read(ends[0], &(char){0}, 1) == 1);
    api_wait(fake.api, &p, 1, -1);
    CHECK(p.revents & POLLHUP);
    close(ends[0]);
    end();
}

static void escaping(void)
{
    char *text = api_escape("a b&c=d/\xc3\xa9");

    CHECK_STR(text, "a%20b%26c%3Dd%2F%C3%A9");
    free(text);
}

static const struct test tests[] = {
    {"a server to talk to", start_server},
    {"a reply is parsed", a_reply_is_parsed},
    {"a problem becomes its error", a_problem_becomes_its_error},
    {"a redirect is not followed", a_redirect_is_not_followed},
    {"nothing is sent without a pin", nothing_is_sent_without_a_pin},
    {"nothing is sent to another key", nothing_is_sent_to_another_key},
    {"the fetched pin is the server's", the_fetched_pin_is_the_servers},
    {"nobody is signed in", nobody_is_signed_in},
    {"a server that is gone", a_server_that_is_gone},
    {"many calls share one exchange of tokens", many_calls_share_one_exchange},
    {"a token is exchanged before it ends", a_token_is_exchanged_before_it_ends},
    {"an exchange that fails ends the session", an_exchange_that_fails_ends_the_session},
    {"a call is repeated only once", a_call_is_repeated_only_once},
    {"a dangerous call waits for the password", a_dangerous_call_waits_for_the_password},
    {"nothing is sent in another's name", nothing_is_sent_in_another_name},
    {"a reply has a ceiling", a_reply_has_a_ceiling},
    {"a streamed reply has none", a_streamed_reply_has_none},
    {"a body is streamed, and asked for first", a_body_is_streamed},
    {"JSON goes out, anonymously when asked", json_goes_out_with_the_key},
    {"silence ends a call", silence_ends_a_call},
    {"a cancelled call is never done", a_cancelled_call_is_never_done},
    {"a callback may cancel", a_callback_may_cancel},
    {"a callback may send", a_callback_may_send},
    {"other descriptors wake it, hang-ups too", other_descriptors_wake_it},
    {"escaping", escaping},
    {"the server stops", stop_server},
};

TEST_MAIN(tests)
