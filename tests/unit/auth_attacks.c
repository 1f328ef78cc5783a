/*
 * Attacks with tokens, a row each, through the real routes.  Each row first shows that the
 * untouched token of the same session is taken, so that a refusal can only be due to what the row
 * changed.
 */
#include <sodium.h>

#include "tests/unit/auth.h"

static struct user ann, eve;
static struct pair in; /* the present row's, fresh */

static void people(void)
{
    struct uuid account = new_account();

    ann = person("ann@acme.example", "user", account);
    eve = person("eve@acme.example", "user", account);
    person("root@leadgen.example", "super_admin", account);
}

/* A session without the 99 ms of a password. */
static struct pair begin(const struct user *u)
{
    struct request r = {.srv = &srv, .mem = rig, .header = header, .conn = &(struct call){0}};
    struct route row = {.audit = "session.begin"};
    struct sign_in with = {.user = u, .confirmed = true};
    struct tokens t = {0};
    struct user now = user_now(&u->id);

    r.route = &row;
    with.user = &now;
    uuid_text(&(struct uuid){{1}}, r.id);
    memcpy(r.address, (uint8_t[16]){[10] = 0xff, 0xff, 127, 0, 0, 1}, 16);
    CHECK(session_begin(&r, &with, &t) == ERR_OK);
    return (struct pair){bearer(t.access_token), t.refresh_token, 200};
}

/* Parts of the present token */

static const char *token(void)
{
    return in.access + 7;
}

static const char *part(int n)
{
    const char *p = token();

    while (n--)
        p = strchr(p, '.') + 1;
    return arena_strndup(rig, p, strcspn(p, "."));
}

static const char *encode(const char *text)
{
    return base64_text(rig, text, strlen(text));
}

static const char *claims(void)
{
    uint8_t out[TOKEN_MAX];
    size_t n;

    CHECK(base64_bytes(part(1), strlen(part(1)), out, sizeof(out), &n));
    return arena_strndup(rig, (char *)out, n);
}

static const char *sign_with(const uint8_t *key, const char *head, const char *body)
{
    const char *text = arena_printf(rig, "%s.%s", head, body);
    uint8_t s[crypto_sign_BYTES];

    crypto_sign_detached(s, NULL, (const uint8_t *)text, strlen(text), key);
    return bearer(arena_printf(rig, "%s.%s", text, base64_text(rig, s, sizeof(s))));
}

/* With the server's own key: the signature is right. */
static const char *ours(const char *head, const char *body)
{
    return sign_with(srv.auth->pairs[0].secret_key, head, body);
}

static const char *header_of(const char *json)
{
    return ours(encode(json), part(1));
}

/* The claims with the text after `"name":` replaced up to the next comma or brace. */
static const char *claim(const char *name, const char *value)
{
    const char *all = claims(), *at = strstr(all, arena_printf(rig, "\"%s\":", name));
    const char *rest = at + strlen(name) + 3;

    return ours(part(0), encode(arena_printf(rig, "%.*s%s%s", (int)(rest - all), all, value,
                                             rest + strcspn(rest, ",}"))));
}

static const char *more_claims(const char *text)
{
    const char *all = claims();

    return ours(part(0), encode(arena_printf(rig, "%.*s,%s}", (int)strlen(all) - 1, all, text)));
}

#define GOOD "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1\"}"
#define HEAD(text) "{" text ",\"typ\":\"at+jwt\",\"kid\":\"1\"}"

static const char *alg_none(void)
{
    return bearer(arena_printf(rig, "%s.%s.", encode(HEAD("\"alg\":\"none\"")), part(1)));
}
static const char *alg_none_signed(void)
{
    return header_of(HEAD("\"alg\":\"none\""));
}
static const char *alg_none_caps(void)
{
    return header_of(HEAD("\"alg\":\"nOnE\""));
}
static const char *alg_hs256_public_key(void)
{
    const char *text = arena_printf(rig, "%s.%s", encode(HEAD("\"alg\":\"HS256\"")), part(1));
    uint8_t mac[crypto_auth_hmacsha256_BYTES];

    crypto_auth_hmacsha256(mac, (const uint8_t *)text, strlen(text), srv.auth->pairs[0].public_key);
    return bearer(arena_printf(rig, "%s.%s", text, base64_text(rig, mac, sizeof(mac))));
}
static const char *hmac_under_our_header(void)
{
    const char *text = arena_printf(rig, "%s.%s", part(0), part(1));
    uint8_t mac[crypto_auth_hmacsha512_BYTES]; /* as long as a signature */

    crypto_auth_hmacsha512(mac, (const uint8_t *)text, strlen(text), srv.auth->pairs[0].public_key);
    return bearer(arena_printf(rig, "%s.%s", text, base64_text(rig, mac, sizeof(mac))));
}
static const char *alg_rs256(void)
{
    return header_of(HEAD("\"alg\":\"RS256\""));
}
static const char *alg_list(void)
{
    return header_of(HEAD("\"alg\":[\"EdDSA\"]"));
}
static const char *alg_twice(void)
{
    return header_of(HEAD("\"alg\":\"EdDSA\",\"alg\":\"none\""));
}
static const char *typ_jwt(void)
{
    return header_of("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"1\"}");
}
static const char *kid_path(void)
{
    return header_of("{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"../../../dev/null\"}");
}
static const char *kid_sql(void)
{
    return header_of("{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"1' OR '1'='1\"}");
}
static const char *kid_other(void)
{
    return header_of("{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"2\"}");
}
#define KID(name, text)                                                     \
    static const char *kid_##name(void)                                     \
    {                                                                       \
        return header_of("{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"" text "}"); \
    }
KID(none, "")
KID(empty, ",\"kid\":\"\"")
KID(null, ",\"kid\":null")
KID(number, ",\"kid\":1")
KID(list, ",\"kid\":[\"1\"]")
KID(zero, ",\"kid\":\"0\"")
KID(leading_zero, ",\"kid\":\"01\"")
KID(blank, ",\"kid\":\" 1\"")
KID(wrapped, ",\"kid\":\"4294967297\"")
KID(negative, ",\"kid\":\"-4294967295\"")
KID(twice, ",\"kid\":\"1\",\"kid\":\"2\"")
KID(escaped, ",\"kid\":\"\\u0031\"")
static const char *jku(void)
{
    return header_of(HEAD("\"alg\":\"EdDSA\",\"jku\":\"https://evil.example/keys\""));
}
static const char *embedded_jwk(void)
{
    return header_of(HEAD("\"alg\":\"EdDSA\",\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}"));
}
static const char *crit_b64(void)
{
    return header_of(HEAD("\"alg\":\"EdDSA\",\"crit\":[\"b64\"],\"b64\":false"));
}
static const char *header_blank(void)
{
    return header_of(" " GOOD);
}
static const char *header_empty(void)
{
    return header_of("{}");
}
static const char *another_key(void)
{
    uint8_t public_key[32], key[64];

    crypto_sign_keypair(public_key, key);
    return sign_with(key, part(0), part(1));
}
static const char *no_signature(void)
{
    return bearer(arena_printf(rig, "%s.%s", part(0), part(1)));
}
static const char *zero_signature(void)
{
    return bearer(
        arena_printf(rig, "%s.%s.%s", part(0), part(1), base64_text(rig, (uint8_t[64]){0}, 64)));
}
static const char *signature_of_another_token(void)
{
    const char *other = strrchr(begin(&eve).access, '.');

    return bearer(arena_printf(rig, "%s.%s%s", part(0), part(1), other));
}
static const char *claims_of_another_token(void)
{
    const char *mine = in.access, *head = part(0), *signature = part(2), *theirs;

    in = begin(&eve);
    theirs = part(1);
    in.access = mine;
    return bearer(arena_printf(rig, "%s.%s.%s", head, theirs, signature));
}
static const char *parts_swapped(void)
{
    return bearer(arena_printf(rig, "%s.%s.%s", part(1), part(0), part(2)));
}
static const char *four_parts(void)
{
    return bearer(arena_printf(rig, "%s.%s", token(), part(2)));
}
static const char *cut(void)
{
    return bearer(arena_strndup(rig, token(), strlen(token()) - 1));
}
static const char *padded(void)
{
    return bearer(arena_printf(rig, "%s==", token()));
}
static const char *trailing_blank(void)
{
    return bearer(arena_printf(rig, "%s ", token()));
}
static const char *newline_inside(void)
{
    return bearer(arena_printf(rig, "%s.\n%s.%s", part(0), part(1), part(2)));
}
static const char *unicode_letter(void)
{
    return bearer(arena_printf(rig, "\xd0\xb5%s", token() + 1)); /* a Cyrillic e for ours */
}
static const char *full_width_dot(void)
{
    return bearer(arena_printf(rig, "%s\xef\xbc\x8e%s.%s", part(0), part(1), part(2)));
}
static const char *huge(void)
{
    char *big = arena_alloc(rig, 65537);

    memset(big, 'A', 65536);
    return bearer(big);
}
static const char *huge_and_signed(void)
{
    return more_claims(arena_printf(rig, "\"x\":\"%03000d\"", 0));
}
static const char *expired(void)
{
    wait_ms(TOKEN_SECONDS * INT64_C(1000));
    return in.access;
}
static const char *far_future(void)
{
    return claim("exp", "9999999999");
}
static const char *not_yet(void)
{
    return claim("iat", "9999999000");
}
static const char *exp_text(void)
{
    return claim("exp", "\"9999999999\"");
}
static const char *exp_null(void)
{
    return claim("exp", "null");
}
static const char *exp_huge(void)
{
    return claim("exp", "1e400");
}
static const char *wrong_issuer(void)
{
    return claim("iss", "\"https://evil.example\"");
}
static const char *wrong_audience(void)
{
    return claim("aud", "\"other-api\"");
}
static const char *audience_list(void)
{
    return claim("aud", "[\"leadgen-api\"]");
}
static const char *role_twice(void)
{
    return more_claims("\"role\":\"super_admin\"");
}
static const char *role_unknown(void)
{
    return claim("role", "\"root\"");
}
static const char *another_subject(void)
{
    char id[UUID_TEXT];

    return claim("sub", arena_printf(rig, "\"%s\"", uuid_text(&eve.id, id)));
}
static const char *no_such_session(void)
{
    return claim("sid", "\"019a0000-0000-7000-8000-000000000001\"");
}
static const char *more_members(void)
{
    return more_claims("\"admin\":true");
}
static const char *two_documents(void)
{
    return ours(part(0), encode(arena_printf(rig, "%s{}", claims())));
}
static const char *not_json(void)
{
    return ours(part(0), encode("role=super_admin"));
}
static const char *epoch_is_over(void)
{
    static const char *const names[] = {"epoch", NULL};
    struct user next = user_now(&ann.id);
    struct step step = {.kind = STEP_UPDATE,
                        .type = &user_type,
                        .rec = &next,
                        .fields = fields_named(&user_type, names)};
    struct plan plan = {.steps = &step, .n = 1};

    next.epoch++;
    CHECK(store_commit(srv.store, &plan) == ERR_OK);
    auth_changed(srv.auth);
    return in.access;
}
static const char *signed_out(void)
{
    CHECK(status("POST", "/api/auth/logout", in.access, NULL) == 200);
    return in.access;
}
static const char *session_ended_elsewhere(void)
{
    CHECK(status("DELETE", "/api/sessions", begin(&ann).access, NULL) == 200);
    return in.access;
}
static const char *refresh_as_access(void)
{
    return bearer(in.refresh);
}
static const char *basic(void)
{
    return arena_printf(rig, "Basic %s", token());
}
static const char *no_scheme(void)
{
    return token();
}

/* Single-use tokens: what the row answers is a body, and `path` wants it. */

static const char *refresh_reused(void)
{
    const char *old = in.refresh;

    in = refresh(old);
    in = refresh(in.refresh);
    return refresh_body(old);
}
static const char *refresh_is_access(void)
{
    return refresh_body(arena_strndup(rig, token(), 180));
}
static const char *refresh_altered(void)
{
    char *text = arena_strdup(rig, in.refresh);

    text[10] = text[10] == 'A' ? 'B' : 'A';
    return refresh_body(text);
}
static const char *ticket(const char *purpose, int64_t ends_ms)
{
    struct ticket t = {.purpose = purpose, .user = ann.id, .ends = {ends_ms}};
    const char *text = ticket_make(srv.seal, rig, &t.id);

    put(&ticket_type, &t);
    return text;
}
static const char *reset_body(const char *text)
{
    return arena_printf(rig, "{\"token\":\"%s\",\"password\":\"a wet day in Ghent\"}", text);
}
static const char *reset_reused(void)
{
    const char *body = reset_body(ticket("reset", INT64_MAX));

    CHECK(status("POST", "/api/auth/reset-password", NULL, body) == 200); /* the control */
    return body;
}
static const char *reset_of_a_registration(void)
{
    return reset_body(ticket("register", INT64_MAX));
}
static const char *reset_too_late(void)
{
    return reset_body(ticket("reset", clock_real_ms()));
}
static const char *reset_hash(void)
{
    char id[UUID_TEXT];
    struct uuid hash = ticket_id(srv.seal, ticket("reset", INT64_MAX));

    return reset_body(uuid_text(&hash, id)); /* what is stored is no token */
}
static const char *verify_of_a_reset(void)
{
    return arena_printf(rig, "{\"token\":\"%s\"}", ticket("reset", INT64_MAX));
}
static const char *device_of_a_reset(void)
{
    return arena_printf(rig, "{\"device_code\":\"%s\"}", ticket("reset", INT64_MAX));
}

#define ME(fn)             \
    {                      \
#fn, fn, NULL, 401 \
    }
#define BODY(fn, path, want)             \
    {                                    \
#fn, fn, "/api/auth/" path, want \
    }

static const struct {
    const char *name;
    const char *(*make)(void); /* an Authorization header, or the body for path */
    const char *path;
    unsigned want;
} attacks[] = {
    ME(alg_none),
    ME(alg_none_signed),
    ME(alg_none_caps),
    ME(alg_hs256_public_key),
    ME(hmac_under_our_header),
    ME(alg_rs256),
    ME(alg_list),
    ME(alg_twice),
    ME(typ_jwt),
    ME(kid_path),
    ME(kid_sql),
    ME(kid_other),
    ME(kid_none),
    ME(kid_empty),
    ME(kid_null),
    ME(kid_number),
    ME(kid_list),
    ME(kid_zero),
    ME(kid_leading_zero),
    ME(kid_blank),
    ME(kid_wrapped),
    ME(kid_negative),
    ME(kid_twice),
    ME(kid_escaped),
    ME(jku),
    ME(embedded_jwk),
    ME(crit_b64),
    ME(header_blank),
    ME(header_empty),
    ME(another_key),
    ME(no_signature),
    ME(zero_signature),
    ME(signature_of_another_token),
    ME(claims_of_another_token),
    ME(parts_swapped),
    ME(four_parts),
    ME(cut),
    ME(padded),
    ME(trailing_blank),
    ME(newline_inside),
    ME(unicode_letter),
    ME(full_width_dot),
    ME(huge),
    ME(huge_and_signed),
    ME(expired),
    ME(far_future),
    ME(not_yet),
    ME(exp_text),
    ME(exp_null),
    ME(exp_huge),
    ME(wrong_issuer),
    ME(wrong_audience),
    ME(audience_list),
    ME(role_twice),
    ME(role_unknown),
    ME(another_subject),
    ME(no_such_session),
    ME(more_members),
    ME(two_documents),
    ME(not_json),
    ME(epoch_is_over),
    ME(signed_out),
    ME(session_ended_elsewhere),
    ME(refresh_as_access),
    ME(basic),
    ME(no_scheme),
    BODY(refresh_reused, "refresh", 401),
    BODY(refresh_is_access, "refresh", 401),
    BODY(refresh_altered, "refresh", 401),
    BODY(reset_reused, "reset-password", 400),
    BODY(reset_of_a_registration, "reset-password", 400),
    BODY(reset_too_late, "reset-password", 400),
    BODY(reset_hash, "reset-password", 400),
    BODY(verify_of_a_reset, "verify-email", 400),
    BODY(device_of_a_reset, "device/token", 400),
};

enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static void every_attack_is_refused(void)
{
    int refused = 0;

    for (size_t i = 0; i < ATTACKS; i++) {
        const char *what;
        unsigned got;

        in = begin(&ann);
        CHECK(status("GET", "/api/me", in.access, NULL) == 200); /* the control */
        what = attacks[i].make();
        got = attacks[i].path ? status("POST", attacks[i].path, NULL, what)
                              : status("GET", "/api/me", what, NULL);
        if (got != attacks[i].want)
            fprintf(stderr, "%s: %u\n", attacks[i].name, got);
        refused += got == attacks[i].want;
    }
    CHECK(refused == ATTACKS && ATTACKS >= 40);
    printf("# %d attacks refused\n", refused);
}

/* A refresh token that was not used before is taken, also with the forms of the attacks' bodies. */
static void the_bodies_are_well_formed(void)
{
    in = begin(&ann);
    CHECK(status("POST", "/api/auth/refresh", NULL, refresh_body(in.refresh)) == 200);
    CHECK(status("GET", "/api/me", ours(part(0), part(1)), NULL) == 200);
    CHECK(status("GET", "/api/me", ours(encode(GOOD), encode(claims())), NULL) == 200);
}

static const struct test tests[] = {
    {"attacks: starts", starts},
    {"attacks: people", people},
    {"attacks: every one is refused", every_attack_is_refused},
    {"attacks: the tools make good tokens too", the_bodies_are_well_formed},
    {"attacks: ends", ends},
};

TEST_MAIN(tests)
