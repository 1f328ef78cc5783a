/*
 * Who is the same (DECISIONS.md 16): keyed 16-byte hashes that a profile or company is found by,
 * each within one visibility domain, so that nothing matches across accounts.  They are under a key
 * of the ring, which the record's `ring` names; 0, as older releases have it, is the first.
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "common/api.h"
#include "common/mem.h"

struct seal;

/*
 * Fill key_email, key_url, key_name from the profile and its account; zero where it has no such.
 * key_name is of the folded name and the company: its domain, else a mail domain that is not free,
 * else its folded name.  Addresses are compared without case, in IDNA form, and otherwise exactly.
 */
void identity_profile(const struct seal *s, uint32_t ring, struct profile *p, struct arena *mem);
/*
 * Fill key: the domain, else the folded name, exactly (a legal form is part of it: "Nordwind GmbH"
 * and "Nordwind AG" are two).
 */
void identity_company(const struct seal *s, uint32_t ring, struct company *c, struct arena *mem);

/*
 * "https://WWW.Linkedin.com/in/ann/?x=1" -> "linkedin.com/in/ann": host, and path without case,
 * query, escapes and what lies below the name.  NULL: not a profile's address, which has a path.
 */
const char *identity_url(struct arena *mem, const char *url);
/* A host name in lower-case ASCII form (IDNA) from a website, an address or a bare name; or NULL.
 */
const char *identity_domain(struct arena *mem, const char *text);
/*
 * Lower-case ASCII host of mail for anybody, or of pages of anybody ("gmail.com", "yahoo.de",
 * "linkedin.com"): it says nothing about a company.
 */
bool identity_is_free_mail(const char *domain);

#endif
