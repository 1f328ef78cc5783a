/* Countries (ISO 3166-1): from what people write to alpha-2, and back. */
#ifndef COMMON_COUNTRY_H
#define COMMON_COUNTRY_H

/*
 * "Germany", "deutschland", "DE", "DEU", "U.S.A." -> "DE", "DE", "DE", "DE", "US"; case, accents
 * and outer spaces do not matter.  NULL: not a country.  The result is a constant.
 */
const char *country_code(const char *text);
/* The English short name of an alpha-2 code, or NULL. */
const char *country_name(const char *code);

#endif
