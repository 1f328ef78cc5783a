/*
 * email:x of the grammar: the row with exactly this address, if the account may see the address.
 * Addresses are not in the index (DECISIONS.md 19): the identity key of the address finds the row
 * in the store, among the account's own rows and in the catalogue, and of the catalogue only what
 * the account has paid the address of counts.  The same is read whether there is such a row or not,
 * so that the time tells nothing either.
 */
#ifndef SERVER_SEARCH_ADDRESS_H
#define SERVER_SEARCH_ADDRESS_H

#include "server/search/query.h"

struct seal;
struct store;

struct address_book {
    struct store *store; /* NULL: nobody has an address */
    const struct seal *seal;
    struct uuid account;
    bool owns_catalogue;
};

/* Fill the ids of every NODE_EMAIL of the tree. errors: the store's */
enum err address_find(const struct address_book *b, struct node *tree,
                      struct arena *mem) MUST_CHECK;
bool address_is_asked(const struct node *tree);

#endif
