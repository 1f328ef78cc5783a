/*
 * Who is the same (DECISIONS.md 16): keyed 16-byte hashes that a profile or company is found by,
 * each within one visibility domain, so that nothing matches across accounts.
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "common/api.h"
#include "common/mem.h"

struct seal;

/* Fill key_email, key_url, key_name from the profile and its account; zero where it has no such. */
void identity_profile(const struct seal *s, struct profile *p, struct arena *mem);
/* Fill key: the domain (website, else a mail domain that is not free), else the folded name. */
void identity_company(const struct seal *s, struct company *c, struct arena *mem);

/* "https://WWW.Linkedin.com/in/ann/?x=1" -> "linkedin.com/in/ann"; NULL: not a profile's address.
 */
const char *identity_url(struct arena *mem, const char *url);
/* A host name in lower-case ASCII form (IDNA) from a website, an address or a bare name; or NULL.
 */
const char *identity_domain(struct arena *mem, const char *text);
/* gmail.com and such, which say nothing about a company. */
bool identity_is_free_mail(const char *domain);

#endif
