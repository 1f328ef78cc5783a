/*
 * The published tables (0 to 100; each row adds its points):
 *
 *   quality: verified address 30, address of another state 15 (bounced 0), phone 15, title 10,
 *            company 10, company domain 5, industry 5, employees 5, country 5, city 5, profile URL
 * 5, technologies 5 score:   seniority (below, up to 40), verified address 20, other address 10,
 * phone 10, company size (below, up to 15), revenue known 5, industry known 3, title 4, URL 3
 */
#include "server/derive.h"

#include <string.h>

#include "common/utf8.h"

/* A word, or words in a row, of a folded title; the first row that matches says it. */
struct title_word {
    const char *words, *means;
};

/* Not the top, though a word of the top stands in them. */
static const char *const assistants[] = {"assistant to",    "assistant of",
                                         "office of",       "executive assistant",
                                         "assistentin der", "assistenz",
                                         "assistent der",   "assistante de",
                                         "adjoint",         NULL};

static const struct title_word seniority_rows[] = {{"co founder", "founder"},
                                                   {"cofounder", "founder"},
                                                   {"founder", "founder"},
                                                   {"grunder", "founder"},
                                                   {"fondateur", "founder"},
                                                   {"fondatrice", "founder"},
                                                   {"fundador", "founder"},
                                                   {"fundadora", "founder"},
                                                   {"fondatore", "founder"},
                                                   {"owner", "owner"},
                                                   {"inhaber", "owner"},
                                                   {"inhaberin", "owner"},
                                                   {"proprietaire", "owner"},
                                                   {"propietario", "owner"},
                                                   {"titolare", "owner"},
                                                   {"vice president", "vp"},
                                                   {"vizeprasident", "vp"},
                                                   {"vice presidente", "vp"},
                                                   {"svp", "vp"},
                                                   {"evp", "vp"},
                                                   {"avp", "vp"},
                                                   {"vp", "vp"},
                                                   {"ceo", "c_suite"},
                                                   {"cto", "c_suite"},
                                                   {"cfo", "c_suite"},
                                                   {"coo", "c_suite"},
                                                   {"cmo", "c_suite"},
                                                   {"cio", "c_suite"},
                                                   {"ciso", "c_suite"},
                                                   {"cro", "c_suite"},
                                                   {"cpo", "c_suite"},
                                                   {"chro", "c_suite"},
                                                   {"cdo", "c_suite"},
                                                   {"chief", "c_suite"},
                                                   {"president", "c_suite"},
                                                   {"prasident", "c_suite"},
                                                   {"presidente", "c_suite"},
                                                   {"geschaftsfuhrer", "c_suite"},
                                                   {"geschaftsfuhrerin", "c_suite"},
                                                   {"vorstand", "c_suite"},
                                                   {"managing director", "c_suite"},
                                                   {"directeur general", "c_suite"},
                                                   {"directrice generale", "c_suite"},
                                                   {"amministratore delegato", "c_suite"},
                                                   {"prezes", "c_suite"},
                                                   {"代表取締役", "c_suite"},
                                                   {"社長", "c_suite"},
                                                   {"business partner", "senior"},
                                                   {"partner", "partner"},
                                                   {"associe", "partner"},
                                                   {"socio", "partner"},
                                                   {"head", "head"},
                                                   {"leiter", "head"},
                                                   {"leiterin", "head"},
                                                   {"bereichsleiter", "head"},
                                                   {"responsable", "head"},
                                                   {"部長", "head"},
                                                   {"director", "director"},
                                                   {"direktor", "director"},
                                                   {"direktorin", "director"},
                                                   {"directeur", "director"},
                                                   {"directrice", "director"},
                                                   {"directora", "director"},
                                                   {"diretor", "director"},
                                                   {"diretora", "director"},
                                                   {"direttore", "director"},
                                                   {"dyrektor", "director"},
                                                   {"dir", "director"},
                                                   {"manager", "manager"},
                                                   {"managerin", "manager"},
                                                   {"gerente", "manager"},
                                                   {"teamleiter", "manager"},
                                                   {"kierownik", "manager"},
                                                   {"supervisor", "manager"},
                                                   {"課長", "manager"},
                                                   {"intern", "intern"},
                                                   {"internship", "intern"},
                                                   {"praktikant", "intern"},
                                                   {"praktikantin", "intern"},
                                                   {"stagiaire", "intern"},
                                                   {"trainee", "intern"},
                                                   {"working student", "intern"},
                                                   {"werkstudent", "intern"},
                                                   {"senior", "senior"},
                                                   {"sr", "senior"},
                                                   {"principal", "senior"},
                                                   {"lead", "senior"},
                                                   {"staff", "senior"},
                                                   {"junior", "entry"},
                                                   {"jr", "entry"},
                                                   {"assistant", "entry"},
                                                   {"assistent", "entry"},
                                                   {"associate", "entry"},
                                                   {"clerk", "entry"},
                                                   {"representative", "entry"},
                                                   {"coordinator", "entry"},
                                                   {"analyst", "entry"},
                                                   {NULL, NULL}};

static const struct title_word department_rows[] = {{"sales", "sales"},
                                                    {"vertrieb", "sales"},
                                                    {"vertriebsleiter", "sales"},
                                                    {"account executive", "sales"},
                                                    {"account manager", "sales"},
                                                    {"business development", "sales"},
                                                    {"ventes", "sales"},
                                                    {"vendite", "sales"},
                                                    {"ventas", "sales"},
                                                    {"vendas", "sales"},
                                                    {"comercial", "sales"},
                                                    {"commercial", "sales"},
                                                    {"revenue", "sales"},
                                                    {"cro", "sales"},
                                                    {"sprzedazy", "sales"},
                                                    {"営業", "sales"},
                                                    {"営業部長", "sales"},
                                                    {"marketing", "marketing"},
                                                    {"growth", "marketing"},
                                                    {"brand", "marketing"},
                                                    {"communications", "marketing"},
                                                    {"content", "marketing"},
                                                    {"cmo", "marketing"},
                                                    {"seo", "marketing"},
                                                    {"data", "data"},
                                                    {"analytics", "data"},
                                                    {"machine learning", "data"},
                                                    {"engineer", "engineering"},
                                                    {"engineering", "engineering"},
                                                    {"developer", "engineering"},
                                                    {"software", "engineering"},
                                                    {"entwickler", "engineering"},
                                                    {"entwicklerin", "engineering"},
                                                    {"ingenieur", "engineering"},
                                                    {"architect", "engineering"},
                                                    {"cto", "engineering"},
                                                    {"devops", "engineering"},
                                                    {"technical", "engineering"},
                                                    {"it", "it"},
                                                    {"information technology", "it"},
                                                    {"cio", "it"},
                                                    {"ciso", "it"},
                                                    {"security", "it"},
                                                    {"systems", "it"},
                                                    {"infrastructure", "it"},
                                                    {"administrator", "it"},
                                                    {"product", "product"},
                                                    {"cpo", "product"},
                                                    {"produkt", "product"},
                                                    {"design", "design"},
                                                    {"designer", "design"},
                                                    {"ux", "design"},
                                                    {"creative", "design"},
                                                    {"support", "support"},
                                                    {"customer", "support"},
                                                    {"service", "support"},
                                                    {"kundenservice", "support"},
                                                    {"finance", "finance"},
                                                    {"financial", "finance"},
                                                    {"cfo", "finance"},
                                                    {"accounting", "finance"},
                                                    {"accountant", "finance"},
                                                    {"controller", "finance"},
                                                    {"buchhaltung", "finance"},
                                                    {"finanzen", "finance"},
                                                    {"treasury", "finance"},
                                                    {"hr", "hr"},
                                                    {"human", "hr"},
                                                    {"people", "hr"},
                                                    {"talent", "hr"},
                                                    {"recruiter", "hr"},
                                                    {"recruiting", "hr"},
                                                    {"personal", "hr"},
                                                    {"chro", "hr"},
                                                    {"legal", "legal"},
                                                    {"counsel", "legal"},
                                                    {"compliance", "legal"},
                                                    {"lawyer", "legal"},
                                                    {"recht", "legal"},
                                                    {"purchasing", "purchasing"},
                                                    {"procurement", "purchasing"},
                                                    {"buyer", "purchasing"},
                                                    {"einkauf", "purchasing"},
                                                    {"research", "research"},
                                                    {"scientist", "research"},
                                                    {"forschung", "research"},
                                                    {"operations", "operations"},
                                                    {"operational", "operations"},
                                                    {"logistics", "operations"},
                                                    {"supply chain", "operations"},
                                                    {"coo", "operations"},
                                                    {"regional manager", "operations"},
                                                    {"project", "operations"},
                                                    {"teacher", "education"},
                                                    {"professor", "education"},
                                                    {"education", "education"},
                                                    {"doctor", "medical"},
                                                    {"nurse", "medical"},
                                                    {"medical", "medical"},
                                                    {"health", "medical"},
                                                    {"physician", "medical"},
                                                    {"ceo", "executive"},
                                                    {"chief executive", "executive"},
                                                    {"president", "executive"},
                                                    {"founder", "executive"},
                                                    {"owner", "executive"},
                                                    {"geschaftsfuhrer", "executive"},
                                                    {"geschaftsfuhrerin", "executive"},
                                                    {"managing director", "executive"},
                                                    {"executive", "executive"},
                                                    {"c suite", "executive"},
                                                    {NULL, NULL}};

static const struct title_word seniority_synonyms[] = {{"c suite", "c_suite"},
                                                       {"c level", "c_suite"},
                                                       {"cxo", "c_suite"},
                                                       {"executive", "c_suite"},
                                                       {"individual contributor", "entry"},
                                                       {"non manager", "entry"},
                                                       {"staff", "entry"},
                                                       {"vice president", "vp"},
                                                       {NULL, NULL}};

/* Words with one blank between, one before and one after, so that whole words can be found. */
static char *padded(struct arena *mem, const char *text)
{
    char *folded = utf8_fold(mem, text);
    char *out = arena_alloc(mem, strlen(folded) + 3);
    size_t n = 0;

    out[n++] = ' ';
    for (const char *p = folded; *p; p++) {
        bool part = *p & 0x80 || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');

        if (part)
            out[n++] = *p;
        else if (out[n - 1] != ' ')
            out[n++] = ' ';
    }
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    return out;
}

/* Japanese and Chinese write without blanks: there the word may stand anywhere. */
static bool has_words(const char *text, const char *words)
{
    size_t n = strlen(words);

    for (const char *at = text; (at = strstr(at, words)); at += 1)
        if (words[0] & 0x80 || (at[-1] == ' ' && at[n] == ' '))
            return true;
    return false;
}

static const char *first_match(const struct title_word *rows, const char *text)
{
    for (; rows->words; rows++)
        if (has_words(text, rows->words))
            return rows->means;
    return NULL;
}

static bool is_assistant(const char *text)
{
    for (const char *const *a = assistants; *a; a++)
        if (has_words(text, *a))
            return true;
    return false;
}

const char *derive_seniority(struct arena *mem, const char *title)
{
    char *text = padded(mem, title);

    return is_assistant(text) ? "entry" : first_match(seniority_rows, text);
}

const char *derive_department(struct arena *mem, const char *title)
{
    return first_match(department_rows, padded(mem, title));
}

static const char *own_word(const char *const *words, const char *text)
{
    for (; *words; words++)
        if (strcmp(*words, text) == 0)
            return *words;
    return NULL;
}

const char *derive_seniority_word(struct arena *mem, const char *word)
{
    const char *text = padded(mem, word);
    const char *own = own_word(seniority_words, utf8_fold(mem, word));

    if (!own)
        own = first_match(seniority_synonyms, text);
    return own ? own : first_match(seniority_rows, text);
}

const char *derive_department_word(struct arena *mem, const char *word)
{
    const char *own = own_word(department_words, utf8_fold(mem, word));

    return own ? own : derive_department(mem, word);
}

struct points {
    const char *word;
    int64_t n;
};

static int64_t points_of(const struct points *rows, const char *word)
{
    for (; word && rows->word; rows++)
        if (strcmp(rows->word, word) == 0)
            return rows->n;
    return 0;
}

static const struct points seniority_points[] = {{"owner", 36},    {"founder", 40}, {"c_suite", 40},
                                                 {"partner", 34},  {"vp", 36},      {"head", 30},
                                                 {"director", 28}, {"manager", 20}, {"senior", 12},
                                                 {"entry", 6},     {"intern", 1},   {NULL, 0}};

static const struct points size_points[] = {{"1-10", 3},        {"11-50", 7},     {"51-200", 11},
                                            {"201-500", 14},    {"501-1000", 15}, {"1001-5000", 13},
                                            {"5001-10000", 10}, {"10001+", 8},    {NULL, 0}};

static int64_t address_points(const struct profile *p, int64_t verified, int64_t other)
{
    if (!p->email || (p->email_status && strcmp(p->email_status, "bounced") == 0))
        return 0;
    return p->email_status && strcmp(p->email_status, "verified") == 0 ? verified : other;
}

static int64_t quality_of(const struct profile *p)
{
    return address_points(p, 30, 15) + (p->phone ? 15 : 0) + (p->title ? 10 : 0) +
           (p->company ? 10 : 0) + (p->domain ? 5 : 0) + (p->industry ? 5 : 0) +
           (p->employees ? 5 : 0) + (p->country ? 5 : 0) + (p->city ? 5 : 0) +
           (p->linkedin_url ? 5 : 0) + (p->technologies.n ? 5 : 0);
}

static int64_t score_of(const struct profile *p)
{
    return points_of(seniority_points, p->seniority) + address_points(p, 20, 10) +
           (p->phone ? 10 : 0) + points_of(size_points, employees_bucket(p->employees)) +
           (p->revenue ? 5 : 0) + (p->industry ? 3 : 0) + (p->title ? 4 : 0) +
           (p->linkedin_url ? 3 : 0);
}

/* "Ann Marie Lee" -> "Ann Marie", "Lee". */
static void split_name(struct profile *p, struct arena *mem)
{
    const char *blank = strrchr(p->name, ' ');

    if (!blank || p->first_name || p->last_name)
        return;
    p->first_name = arena_strndup(mem, p->name, (size_t)(blank - p->name));
    p->last_name = arena_strdup(mem, blank + 1);
}

void derive_profile(struct profile *p, struct arena *mem)
{
    if (!p->name && (p->first_name || p->last_name))
        p->name = arena_printf(mem, "%s%s%s", p->first_name ? p->first_name : "",
                               p->first_name && p->last_name ? " " : "",
                               p->last_name ? p->last_name : "");
    else if (p->name)
        split_name(p, mem);
    if (p->title && !p->seniority)
        p->seniority = derive_seniority(mem, p->title);
    if (p->title && !p->department)
        p->department = derive_department(mem, p->title);
    p->has_email = p->email != NULL;
    p->has_phone = p->phone != NULL;
    if (!p->email)
        p->email_status = "unavailable";
    else if (!p->email_status || strcmp(p->email_status, "unavailable") == 0)
        p->email_status = "unverified";
    p->quality = quality_of(p);
    p->score = score_of(p);
}
