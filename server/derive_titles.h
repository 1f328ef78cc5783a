/* The words of titles (tables for derive.c): English, German, French, Spanish, Italian, Portuguese,
 * Polish, Dutch, and the basics of Japanese and Chinese. */
#ifndef SERVER_DERIVE_TITLES_H
#define SERVER_DERIVE_TITLES_H

/*
 * One word or several in a row, folded (utf8_fold) and parted by single blanks.  They are found as
 * whole words; a star at an end lets the word go on there ("*leiter": "vertriebsleiter"), and
 * Chinese and Japanese, written without blanks, are found anywhere.
 */
struct title_row {
    const char *words;
    const char *means; /* a word of seniority_words or department_words; "": nothing */
};

/* All tables end with a row without words. */

/* Beside somebody: whatever follows or stands before, the title is "entry". */
extern const struct title_row title_assistants[];
/* Taken out of the title before its single words are looked at; all of them count. */
extern const struct title_row title_phrases[];
/* Single words; the most senior of what was found wins. */
extern const struct title_row title_ranks[];
/* The first row that is found wins. */
extern const struct title_row title_departments[];

/* What exports write in a column of their own, looked up before the tables above. */
extern const struct title_row seniority_synonyms[];
extern const struct title_row department_synonyms[];

#endif
