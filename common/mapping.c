#include "common/mapping.h"

#include <string.h>
#include <strings.h>

#include "common/utf8.h"

static const struct {
    const char *name, *label;
} fields[] = {
#define X(id, name, label) [IMPORT_##id] = {name, label},
    IMPORT_LIST(X)
#undef X
};

/* Names of columns, folded, letters and digits only. */
static const struct {
    enum import_field field;
    const char *names; /* | between */
} synonyms[] = {
    {IMPORT_first_name,
     "firstname|first|givenname|forename|vorname|prenom|nombre|nome|imie|voornaam|"
     "contactfirstname|personfirstname|名"},
    {IMPORT_last_name,
     "lastname|last|surname|familyname|nachname|nom|apellido|apellidos|cognome|"
     "sobrenome|nazwisko|achternaam|nomdefamille|contactlastname|personlastname|姓"},
    {IMPORT_name, "name|fullname|contactname|personname|contact|leadname|ansprechpartner|"
                  "nomcomplet|nombrecompleto|contactfullname|personfullname|kontakt|kontaktname|"
                  "氏名|姓名"},
    {IMPORT_title, "title|jobtitle|position|role|jobrole|occupation|headline|funktion|poste|cargo|"
                   "ruolo|stanowisko|functie|fonction|puesto|berufsbezeichnung|designation|"
                   "contacttitle|personjobtitle|organization1title|contactjobtitle|職位|役職"},
    {IMPORT_seniority, "seniority|senioritylevel|joblevel|managementlevel|level"},
    {IMPORT_department, "department|departments|jobfunction|function|abteilung|service|"
                        "departamento|dzial|afdeling|jobdepartment"},
    {IMPORT_email,
     "email|emailaddress|mail|workemail|businessemail|primaryemail|contactemail|"
     "emailadresse|courriel|correo|correoelectronico|adresseemail|emailadres|"
     "directemail|personemail|email1|workemail1|email1value|emailwork|personemailwork|"
     "correoelectronico|posteelectronique|eposta|メール|メールアドレス|邮箱"},
    {IMPORT_email_status, "emailstatus|emailverification|emailverificationstatus|emailvalidity"},
    {IMPORT_phone_mobile, "mobile|mobilephone|mobilephonenumber|cell|cellphone|mobilenumber|handy|"
                          "mobil|portable|movil|cellulare|personalmobile|telefonmobil|mobiltelefon|"
                          "telephoneportable|telefonomovil|celular|personphonemobile|"
                          "mobilephone1|mobile1|gsm"},
    {IMPORT_phone_direct, "workdirectphone|directphone|directdial|directphonenumber|directnumber|"
                          "directline|directdial1|durchwahl"},
    {IMPORT_phone, "phone|phonenumber|telephone|tel|telefon|telephonenumber|workphone|"
                   "businessphone|contactphone|telefono|telefone|telefoon|numerotelefonu|phone1|"
                   "phone1value|personphonework|personphone|telefonnummer|rufnummer|phonework|"
                   "電話番号|电话"},
    {IMPORT_phone_other, "otherphone|homephone|phone2|phone2value|privatephone|telefonprivat"},
    {IMPORT_linkedin_url, "personlinkedinurl|linkedin|linkedinurl|linkedinprofile|"
                          "linkedinprofileurl|linkedincontactprofileurl|url|profileurl|"
                          "contactlinkedinurl|linkedinlink"},
    {IMPORT_city, "city|personcity|contactcity|ort|stadt|ville|ciudad|citta|cidade|miasto|"
                  "plaats|mailingcity|town"},
    {IMPORT_state, "state|stateregion|stateprovince|region|province|personstate|bundesland|"
                   "provincia|estado|mailingstate|mailingstateprovince|county"},
    {IMPORT_country, "country|countryregion|personcountry|contactcountry|land|pays|pais|paese|"
                     "kraj|mailingcountry|nation"},
    {IMPORT_company, "company|companyname|companyaccount|account|accountname|organization|"
                     "organisation|organizationname|organisationname|employer|firma|unternehmen|"
                     "entreprise|societe|empresa|azienda|bedrijf|companyorganization|orgname|"
                     "firmenname|organization1name|personorganization|currentcompany|会社名|公司"},
    {IMPORT_domain, "website|websiteurl|companywebsite|companydomain|domain|web|companyurl|"
                    "webseite|siteweb|sitioweb|sito|companywebsiteurl|homepage|companydomainname|"
                    "internetseite|organizationwebsite|accountwebsite"},
    {IMPORT_industry, "industry|companyindustry|branche|secteur|sector|settore|industria|branza|"
                      "primaryindustry"},
    {IMPORT_employees, "employees|numberofemployees|noofemployees|numemployees|employeecount|"
                       "companysize|headcount|mitarbeiter|mitarbeiterzahl|effectif|empleados|"
                       "companyheadcount|companyemployees|employeesrange|companynumberofemployees"},
    {IMPORT_revenue, "annualrevenue|revenue|companyrevenue|umsatz|chiffredaffaires|ingresos|"
                     "companyannualrevenue|revenueinusd|estimatedrevenue"},
    {IMPORT_technologies, "technologies|technology|techstack|companytechnologies"},
    {IMPORT_keywords, "keywords|tags|companykeywords|schlagworte|specialties"},
    {IMPORT_company_phone, "corporatephone|companyphone|companyphonenumber|hqphone|mainphone|"
                           "companyhqphone|companyphone1"},
    {IMPORT_company_linkedin_url, "companylinkedinurl|companylinkedin|linkedincompanyprofileurl|"
                                  "companylinkedinlink"},
    {IMPORT_company_city, "companycity|hqcity"},
    {IMPORT_company_state, "companystate|hqstate|companystateprovince"},
    {IMPORT_company_country, "companycountry|hqcountry"},
    {IMPORT_email_opt_out, "emailoptout|hasoptedoutofemail|unsubscribed|optedout|optout|"
                           "unsubscribedfromallemail|donotemail"},
    {IMPORT_do_not_call, "donotcall|dnc|nophone"},
};

/* Alike in most files, but not what they seem; or of another's use. */
static const char ignored[] = "associatedcompany|companynameforemails|accountowner|contactowner|"
                              "owner|leadowner|leadid|recordid|id|leadsource|leadstatus|rating|"
                              "stage|lists|salutation|street|zip|postalcode|fax|faxnumber|"
                              "assistantphone|asstphone|secondaryemail|tertiaryemail|"
                              "supervisoremail|createdby|revenuein000susd|revenuein000s";

const char *import_name(enum import_field f)
{
    return fields[f].name;
}

const char *import_label(enum import_field f)
{
    return fields[f].label;
}

enum import_field import_find(const char *name)
{
    int i = 0;

    while (i < IMPORT_FIELDS && strcmp(fields[i].name, name) != 0)
        i++;
    return (enum import_field)i;
}

static const char *squeeze(struct arena *mem, const char *text)
{
    char *folded = utf8_fold(mem, text);
    size_t n = 0;

    for (const char *p = folded; *p; p++)
        if (*p & 0x80 || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
            folded[n++] = *p;
    folded[n] = '\0';
    return folded;
}

static bool is_listed(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; n && *at;) {
        size_t len = strcspn(at, "|");

        if (len == n && memcmp(at, word, n) == 0)
            return true;
        at += len + (at[len] == '|');
    }
    return false;
}

static struct mapping by_name(struct arena *mem, const char *column)
{
    const char *word = squeeze(mem, column);
    enum import_field own = import_find(column);

    if (own != IMPORT_FIELDS && own != IMPORT_none)
        return (struct mapping){own, MAPPING_EXACT};
    for (size_t i = 0; i < sizeof(synonyms) / sizeof(*synonyms); i++)
        if (is_listed(synonyms[i].names, word))
            return (struct mapping){synonyms[i].field, MAPPING_EXACT};
    return (struct mapping){IMPORT_none, MAPPING_NONE};
}

static bool is_email(const char *v)
{
    const char *at = strchr(v, '@');

    return at && at != v && strchr(at, '.') && !strchr(v, ' ');
}

static bool is_profile_url(const char *v)
{
    return strstr(v, "linkedin.") && strstr(v, "/in/");
}

/* Written as people write it: dates and record numbers have as many digits. */
static bool is_phone(const char *v)
{
    size_t digits = 0, marks = 0;
    bool code;

    v += *v == '\'';
    code = *v == '+' || strncmp(v, "00", 2) == 0;
    marks = *v == '0' || *v == '(';
    for (; *v; v++) {
        if (*v >= '0' && *v <= '9')
            digits++;
        else if (strchr(" +-()./", *v))
            marks++;
        else
            return false;
    }
    return digits <= 15 && digits >= (code ? 8 : 9) && (code || marks);
}

static const struct {
    enum import_field field;
    bool (*looks)(const char *value);
} guesses[] = {
    {IMPORT_email, is_email}, {IMPORT_linkedin_url, is_profile_url}, {IMPORT_phone, is_phone}};

/* Of the values that are there, at least four of five, and two at least, look like it. */
static struct mapping by_values(const struct strs *rows, size_t n_rows, size_t column)
{
    for (size_t g = 0; g < sizeof(guesses) / sizeof(*guesses); g++) {
        size_t seen = 0, fits = 0;

        for (size_t r = 0; r < n_rows; r++) {
            if (column >= rows[r].n || !rows[r].v[column][0])
                continue;
            seen++;
            fits += guesses[g].looks(rows[r].v[column]);
        }
        if (fits >= 2 && fits * 5 >= seen * 4)
            return (struct mapping){guesses[g].field, MAPPING_GUESS};
    }
    return (struct mapping){IMPORT_none, MAPPING_NONE};
}

/* Each field once: the surest column keeps it, of equals the first. */
static void settle(struct mapping *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            bool first = k < i && out[k].sure == out[i].sure;
            bool stronger = first || out[k].sure > out[i].sure;

            if (k == i || out[i].field == IMPORT_none || out[k].field != out[i].field ||
                out[i].field == IMPORT_phone_other || !stronger)
                continue;
            out[i] = (struct mapping){IMPORT_none, MAPPING_NONE};
        }
    }
}

void mapping_propose(struct arena *mem, const char *const *columns, size_t n,
                     const struct strs *rows, size_t n_rows, struct mapping *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = by_name(mem, columns[i]);
        if (!out[i].sure && !is_listed(ignored, squeeze(mem, columns[i])))
            out[i] = by_values(rows, n_rows, i);
    }
    settle(out, n);
}

bool mapping_is_header(struct arena *mem, const char *const *cells, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++)
        known += by_name(mem, cells[i]).sure == MAPPING_EXACT;
    return known >= 2 || (known == 1 && n == 1);
}
