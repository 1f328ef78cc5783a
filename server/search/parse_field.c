#include "server/search/parse_field.h"

#include <string.h>

#include "server/search/segment.h"

/* What a company has no text or value of. */
static bool is_of_people(const struct q_field *f)
{
    static const enum facet facets[] = {FACET_seniority,    FACET_department, FACET_keyword,
                                        FACET_email_status, FACET_score,      FACET_quality};
    bool any = f->kind == FIELD_OWNED || f->kind == FIELD_EMAIL ||
               (f->kind == FIELD_WORDS && f->id == TEXT_TITLE);

    for (size_t i = 0; i < sizeof(facets) / sizeof(*facets); i++)
        any |= f->kind == FIELD_FACET && f->id == (int)facets[i];
    return any;
}

static const struct q_field fields[] = {{FIELD_WORDS, TEXT_TITLE, "title"},
                                        {FIELD_WORDS, TEXT_NAME, "name"},
                                        {FIELD_WORDS, TEXT_COMPANY, "company"},
                                        {FIELD_HAS, 0, "has"},
                                        {FIELD_OWNED, 0, "owned"},
                                        {FIELD_EMAIL, 0, "email"}};
enum { FIELDS = sizeof(fields) / sizeof(*fields) };

static struct q_field facet_field(enum facet f)
{
    return (struct q_field){FIELD_FACET, (int)f, facet_name(f)};
}

bool parse_field_find(const char *name, bool companies, struct q_field *out)
{
    enum facet f = facet_find(name);

    *out = f ? facet_field(f) : (struct q_field){0};
    for (size_t i = 0; !f && i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0)
            *out = fields[i];
    return out->kind != FIELD_NONE && !(companies && is_of_people(out));
}

const char *parse_field_list(struct arena *mem, bool companies)
{
    const char *text = "";

    for (int i = 0; i < FIELDS + FACET_END - 1; i++) {
        struct q_field f = i < FIELDS ? fields[i] : facet_field((enum facet)(i - FIELDS + 1));

        if (!companies || !is_of_people(&f))
            text = arena_printf(mem, "%s%s%s", text, *text ? " " : "", f.name);
    }
    return text;
}
