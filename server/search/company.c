#include "server/search/company.h"

struct profile company_as_row(const struct company *c)
{
    return (struct profile){.id = c->id,
                            .account = c->account,
                            .name = c->name,
                            .company = c->name,
                            .industry = c->industry,
                            .employees = c->employees,
                            .revenue = c->revenue,
                            .country = c->country,
                            .state = c->state,
                            .city = c->city,
                            .technologies = c->technologies,
                            .has_phone = c->phone != NULL,
                            .updated = c->updated};
}
