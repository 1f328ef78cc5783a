/* What the CSV reader gives, whatever the pieces it is fed in; and what the writer writes. */
#include <stdlib.h>

#include "common/csv.h"
#include "tests/test.h"

/* "2:a|b 4!unbalanced_quote@1 " : line, cells; line, fault, column. */
static void describe(struct buf *out, const struct csv_row *row)
{
    buf_int(out, row->line);
    if (row->fault) {
        buf_printf(out, "!%s@%zu ", csv_fault_word(row->fault), row->column);
        return;
    }
    for (size_t i = 0; i < row->n; i++) {
        buf_str(out, i ? "|" : ":");
        buf_add(out, row->cells[i], strlen(row->cells[i]) < 40 ? strlen(row->cells[i]) : 40);
    }
    buf_char(out, ' ');
}

/* The rows of a text fed in pieces of at most `piece` bytes; sizes vary when seed is not 0. */
static char *rows_of(const char *text, size_t n, size_t columns, size_t piece, unsigned seed,
                     size_t row_max)
{
    struct buf out = BUF_INIT(1 << 24);
    struct csv *c = csv_new(',');
    struct csv_row row;
    int64_t end = 0;
    bool more = true;

    csv_expect(c, columns);
    csv_row_max(c, row_max);
    while (more) {
        size_t k = seed ? (size_t)rand_r(&seed) % piece + 1 : piece, at = (size_t)csv_wants(c);

        if (k > n - at)
            k = n - at;
        more = at + k < n;
        CHECK(csv_feed(c, text + at, k, !more) == ERR_OK);
        while (csv_next(c, &row)) {
            describe(&out, &row);
            CHECK(row.end > end && (size_t)row.end <= n);
            CHECK((size_t)row.end == n || text[row.end - 1] == '\n' || text[row.end - 1] == '\r');
            end = row.end;
        }
        more |= (size_t)csv_wants(c) < at + k;
    }
    csv_free(c);
    return out.len ? buf_take(&out) : calloc(1, 1);
}

static void check_rows(const char *text, size_t n, size_t columns, const char *want)
{
    static const size_t pieces[] = {1 << 20, 1, 2, 3, 7};

    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        char *got = rows_of(text, n, columns, pieces[i], 0, CSV_ROW_MAX);

        if (strcmp(got, want) != 0)
            fprintf(stderr, "pieces of %zu: got  %s\nwant %s\n", pieces[i], got, want);
        CHECK_STR(got, want);
        free(got);
    }
}

#define ROWS(text, columns, want) check_rows(text, sizeof(text) - 1, columns, want)

static void reads_what_products_write(void)
{
    ROWS("a,b\nc,d\n", 0, "1:a|b 2:c|d ");
    ROWS("a,b\r\nc,d\r\n", 0, "1:a|b 2:c|d ");
    ROWS("a,b\rc,d", 0, "1:a|b 2:c|d ");
    ROWS("a\n\n\r\n\rb", 0, "1:a 5:b ");
    ROWS("\"a\",\"b, c\"\n\"d \"\"e\"\" f\",\n", 0, "1:a|b, c 2:d \"e\" f| ");
    ROWS("a,\"1 Street\nUnit 4\",b\nc,d,e", 3, "1:a|1 Street\nUnit 4|b 3:c|d|e ");
    ROWS("\"x\r\ny\",1\n\"x\ry\",2\n", 2, "1:x\r\ny|1 3:x\ry|2 ");
    ROWS("a, \"b\" ,c\n", 3, "1:a|b|c ");
    ROWS("\"\",\"\"\n", 0, "1:| ");
    ROWS("\"\"\n", 0, "1: ");
    ROWS("6\" pipe,b\n", 2, "1:6\" pipe|b ");
    ROWS("", 0, "");
    ROWS("a,b\n1\n1,2,\n1,2,,\n", 2, "1:a|b 2:1 3:1|2 4:1|2 ");
}

static void takes_a_damaged_row_by_its_first_line(void)
{
    ROWS("a,b\n\"x,1\nc,d\n", 2, "1:a|b 2!unbalanced_quote@0 3:c|d ");
    ROWS("a,b\n1,\"x\nc,d", 2, "1:a|b 2!unbalanced_quote@1 3:c|d ");
    ROWS("\"x\"y,1\nc,d\n", 2, "1!unbalanced_quote@0 2:c|d ");
    ROWS("1,\"x\n\"c\",\"d\"\n", 2, "1!unbalanced_quote@1 2:c|d ");
    ROWS("1,\"x\"y\nprose\nmore \"prose\"\nc,d\n", 2,
         "1!unbalanced_quote@1 2!damaged_row@0 3!damaged_row@0 4:c|d ");
    ROWS("1,\"a\nb\",3\nc,d\n", 2, "1!unbalanced_quote@2 2!damaged_row@1 3:c|d ");
    ROWS("1,2\",3\nc,d\n", 2, "1!unbalanced_quote@2 2:c|d ");
    ROWS("1,2,3\nc,d\n", 2, "1!too_many_cells@2 2:c|d ");
}

static void is_wary_for_a_while_only(void)
{
    struct buf text = BUF_INIT(1 << 20);
    struct csv *c = csv_new(',');
    struct csv_row row;
    int damaged = 0, rows = 0;

    buf_str(&text, "\"x\"y,1\n");
    for (int i = 0; i < 2 * CSV_WARY_LINES; i++)
        buf_str(&text, "prose\n");
    csv_expect(c, 2);
    CHECK(csv_feed(c, text.data, text.len, true) == ERR_OK);
    while (csv_next(c, &row)) {
        damaged += row.fault != CSV_NONE;
        rows++;
        CHECK(csv_is_wary(c) == (row.fault != CSV_NONE));
    }
    CHECK(rows == 1 + 2 * CSV_WARY_LINES);
    CHECK(damaged == CSV_WARY_LINES);
    csv_free(c);
    buf_free(&text);
}

static void names_bad_cells(void)
{
    ROWS("a,b\nx,y\0z\nc,d\n", 2, "1:a|b 2!nul@1 3:c|d ");
    ROWS("a,b\n\xff,y\nc,d\n", 2, "1:a|b 2!bad_encoding@0 3:c|d ");
    ROWS("a,b\n\xed\xa0\x80,y\nc,d\n", 2, "1:a|b 2!bad_encoding@0 3:c|d ");
    ROWS("a,b\n\"\xc3\n\",y\nc,d\n", 2, "1:a|b 2!bad_encoding@0 4:c|d ");
}

/* A text of `before`, n times c, `after`; through the usual and the rude ways of feeding. */
static void check_long(const char *before, size_t n, char c, const char *after, const char *want)
{
    size_t a = strlen(before), b = strlen(after);
    char *text = malloc(a + n + b);
    static const size_t pieces[] = {1 << 22, 65536, 4093};

    memcpy(text, before, a);
    memset(text + a, c, n);
    memcpy(text + a + n, after, b);
    for (size_t i = 0; i < 3; i++) {
        char *got = rows_of(text, a + n + b, 2, pieces[i], 0, CSV_ROW_MAX);

        if (strcmp(got, want) != 0)
            fprintf(stderr, "%zu times %c: got %s want %s\n", n, c, got, want);
        CHECK_STR(got, want);
        free(got);
    }
    free(text);
}

static void bounds_cells_and_rows(void)
{
    char cell[64] = "1:";

    memset(cell + 2, 'x', 40);
    memcpy(cell + 42, "|b 2:c|d ", 10);
    check_long("", CSV_CELL_MAX, 'x', ",b\nc,d\n", cell);
    check_long("", CSV_CELL_MAX + 1, 'x', ",b\nc,d\n", "1!cell_too_long@0 2:c|d ");
    check_long("a,", 1000000, 'x', "\nc,d\n", "1!cell_too_long@1 2:c|d ");
    check_long("a,\"", 1000000, 'x', "\"\nc,d\n", "1!cell_too_long@1 2:c|d ");
    check_long("a,", CSV_ROW_MAX - 3, 'x', "\nc,d\n", "1!cell_too_long@1 2:c|d ");
    check_long("a,", CSV_ROW_MAX - 2, 'x', "\nc,d\n", "1!row_too_long@1 2:c|d ");
    check_long("a,", 3 * CSV_ROW_MAX, 'x', "\nc,d\n", "1!row_too_long@1 2:c|d ");
    check_long("a,\"", 3 * CSV_ROW_MAX, 'x', "\"\nc,d\n", "1!row_too_long@1 2:c|d ");
    check_long("a,\"", 3 * CSV_ROW_MAX, 'x', "\nc,d\n", "1!unbalanced_quote@1 2:c|d ");
    check_long("a,\"x\"y", 3 * CSV_ROW_MAX, 'x', "\nc,d\n", "1!unbalanced_quote@1 2:c|d ");

    check_long("", 1000000, ',', "x\nc,d\n", "1!too_many_cells@1024 2:c|d ");
}

/* A first piece, a line many times, an end. */
static void check_lines(const char *start, int n, const char *line, const char *end, size_t columns,
                        const char *want)
{
    struct buf text = BUF_INIT(1 << 24);
    char *got;

    buf_str(&text, start);
    for (int i = 0; i < n; i++)
        buf_str(&text, line);
    buf_str(&text, end);
    got = rows_of(text.data, text.len, columns, 65536, 0, CSV_ROW_MAX);
    if (want[0] == '*' ? !strstr(got, want + 1) : strcmp(got, want) != 0)
        fprintf(stderr, "got %.400s\nwant %s\n", got, want);
    CHECK(want[0] == '*' ? strstr(got, want + 1) != NULL : strcmp(got, want) == 0);
    free(got);
    buf_free(&text);
}

#define NOTE "Call notes, spoke with Jim about budget\n"

/* A long cell is one fault; a lost quote is its own line's, and takes no other row with it. */
static void tells_a_long_cell_from_a_lost_quote(void)
{
    check_lines("A,B,n,C,D,\"", 31000, NOTE, "\"\na,b,c,d,e,f\n", 6,
                "1!row_too_long@5 31002:a|b|c|d|e|f ");
    check_lines("A,B,n,\"", 31000, NOTE, "\",\"x\ny\",z\r\na,b,c,d,e,f", 6,
                "1!row_too_long@3 31003:a|b|c|d|e|f ");
    check_lines("\"", 31000, NOTE, "\"\nb\n", 1, "1!row_too_long@0 31002:b ");
    /* it never closes, it closes within a cell, it closes in a row too short or too long */
    check_lines("\"A,B,C\n", 200000, "a,b,c\n", "", 3, "*1!unbalanced_quote@0 2:a|b|c 3:a|b|c ");
    check_lines("\"A,B,C\n", 200000, "a,b,c\n", "d,6\" pipe,f\n", 3, "*200001:a|b|c 200002:d|6");
    check_lines("\"A,B,C\n", 200000, "a,b,c\n", "d,\"\ne,f,g\n", 3, "*2:a|b|c 3:a|b|c ");
    check_lines("\"A,B,C\n", 200000, "a,b,c\n", "\",1,2,3\ne,f,g\n", 3, "*2:a|b|c 3:a|b|c ");
    /* it closes as if it were right, but what it would swallow are rows */
    check_lines("A,B,\"C\n", 200000, "a,b,c\n", "d,e,27\"\n", 3,
                "*1!unbalanced_quote@2 2:a|b|c 3:a|b|c ");
}

/* Random texts of the characters that matter: any cut gives the same, and lines are accounted for.
 */
static void is_the_same_in_any_pieces(void)
{
    static const char alphabet[] = "\"\",,\n\r\nab \t\xff\xc3\xbc";
    unsigned seed = 20261124;

    printf("# seed %u\n", seed);
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)rand_r(&seed) % 120;
        size_t columns = (size_t)rand_r(&seed) % 4;
        size_t most = round % 2 ? CSV_ROW_MAX : 4 + (size_t)rand_r(&seed) % 20;
        char text[120], *whole;

        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof(alphabet) - 1)];
        whole = rows_of(text, n, columns, 1 << 20, 0, most);
        for (unsigned cut = 1; cut < 4; cut++) {
            char *cut_up = rows_of(text, n, columns, cut * 5, (unsigned)round * 7 + cut, most);

            CHECK_STR(cut_up, whole);
            free(cut_up);
        }
        free(whole);
    }
}

/* From the end of any row that leaves the reader trusting, reading anew gives the same rest. */
static void can_be_taken_up_at_any_row(void)
{
    static const char text[] = "a,b\n\"x\ny\",1\n\"q\"z,2\nc,d\r\n\n3,\"4\n\"\ne,f";
    struct csv *c = csv_new(','), *again = csv_new(',');
    struct csv_row row;

    csv_expect(c, 2);
    csv_expect(again, 2);
    CHECK(csv_feed(c, text, sizeof(text) - 1, true) == ERR_OK);
    while (csv_next(c, &row)) {
        int64_t line = 1;
        struct csv_row mine, theirs;
        struct csv *rest;

        if (csv_is_wary(c))
            continue;
        for (int64_t i = 0; i < row.end; i++)
            line += text[i] == '\n';
        csv_seek(again, row.end, line);
        CHECK(csv_feed(again, text + row.end, sizeof(text) - 1 - (size_t)row.end, true) == ERR_OK);
        rest = csv_new(',');
        csv_expect(rest, 2);
        CHECK(csv_feed(rest, text, sizeof(text) - 1, true) == ERR_OK);
        while (csv_next(rest, &theirs))
            if (theirs.line > row.line) {
                CHECK(csv_next(again, &mine));
                CHECK(mine.line == theirs.line && mine.end == theirs.end &&
                      mine.fault == theirs.fault && mine.n == theirs.n);
            }
        CHECK(!csv_next(again, &mine));
        csv_free(rest);
    }
    csv_free(c);
    csv_free(again);
}

static void finds_the_delimiter(void)
{
#define SNIFF(text, want) CHECK(csv_sniff(text, sizeof(text) - 1) == (want))
    SNIFF("a,b,c\n1,2,3\n", ',');
    SNIFF("a;b;c\n1,5;2;\"3;4\"\n1,5;2;3\n", ';');
    SNIFF("a\tb\n1\t2, 3\n", '\t');
    SNIFF("a|b|c\nd|e|f\n", '|');
    SNIFF("Firma;Name\nNordwind;\"Keller, Anna\"\nHelios;\"Visser, Bram\"\n", ';');
    SNIFF("email\na@b.example\n", ',');
    SNIFF("sep=;\na,b;c\n", ';');
    SNIFF("a;b;c", ';');
    SNIFF("", ',');
}

static void check_cell(const char *text, const char *want)
{
    struct buf b = BUF_INIT(1 << 16);

    csv_write_cell(&b, text);
    CHECK_STR(b.data ? b.data : "", want);
    buf_free(&b);
}

static void writes_cells_that_no_spreadsheet_runs(void)
{
    check_cell("", "");
    check_cell("plain", "plain");
    check_cell("a,b", "\"a,b\"");
    check_cell("say \"x\"", "\"say \"\"x\"\"\"");
    check_cell("two\nlines", "\"two\nlines\"");
    check_cell("+14155550123", "+14155550123");
    check_cell("-12.5", "-12.5");
    check_cell("=1+1", "\"'=1+1\"");
    check_cell("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\"");
    check_cell("-2+3", "\"'-2+3\"");
    check_cell("@SUM(A1)", "\"'@SUM(A1)\"");
    check_cell("\t=1", "\"'\t=1\"");
    check_cell("\r=1", "\"'\r=1\"");
    check_cell("＝1+1", "\"'＝1+1\"");
    check_cell("+", "\"'+\"");
    check_cell("1.2.3", "1.2.3");
}

static const struct test tests[] = {
    {"csv: reads what products write", reads_what_products_write},
    {"csv: a damaged row is its first line", takes_a_damaged_row_by_its_first_line},
    {"csv: wary for a while only", is_wary_for_a_while_only},
    {"csv: bad cells are named", names_bad_cells},
    {"csv: cells and rows are bounded", bounds_cells_and_rows},
    {"csv: a long cell is no lost quote", tells_a_long_cell_from_a_lost_quote},
    {"csv: any pieces give the same rows", is_the_same_in_any_pieces},
    {"csv: can be taken up at any row", can_be_taken_up_at_any_row},
    {"csv: finds the delimiter", finds_the_delimiter},
    {"csv: writes no formula", writes_cells_that_no_spreadsheet_runs},
};

TEST_MAIN(tests)
