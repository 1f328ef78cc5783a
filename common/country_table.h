/* ISO 3166-1 with the calling codes of ITU-T E.164 and the trunk prefixes of national dialling. */
#ifndef COMMON_COUNTRY_TABLE_H
#define COMMON_COUNTRY_TABLE_H

struct country {
    const char *code, *alpha3, *name;
    const char *calling; /* digits */
    const char *trunk;   /* what stands before a national number and is dropped; "" for none */
    const char *others;  /* other spellings, lower case, letters only, | between; may be NULL */
};

extern const struct country countries[]; /* ends with a row without a code */

#endif
