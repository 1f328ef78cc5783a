import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.*;
import org.apache.lucene.facet.*;
import org.apache.lucene.index.*;
import org.apache.lucene.search.*;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.Version;

/**
 * Lucene, in process, as ../driver.h says and as Lucene's documentation advises: LongValueFacetCounts
 * over doc values ("more efficiently counting small values"; measured no slower here than
 * SortedSetDocValuesFacetCounts with a field for each dimension), multi-select as its concurrent
 * DrillSideways does it, a search for each dimension selected and one for the hits, which was faster
 * here than its scorer, an IndexSearcher with an executor of both cores over segments of
 * equal size, MMapDirectory, the index sorted by the order that is asked for, what does not score as
 * FILTER clauses, no norms or frequencies, vectorised decoding (jdk.incubator.vector), and a JIT
 * that has seen every kind of question.
 */
public class Peer {
    static final int FACETS = 6, TOP = 25, MORE = 3, SEGMENT = 250_000;
    static final Sort ORDER = new Sort(new SortField("row", SortField.Type.LONG));

    record Question(int kind, String[] words, boolean prefix, int[] facets, String[] codes,
                    boolean panes) {
        static Question parse(String line) {
            String[] f = line.split("\t", -1);
            String[] words = f[1].isEmpty() ? new String[0] : f[1].split(" ");
            String[] selected = f[3].isEmpty() ? new String[0] : f[3].split(",");
            int[] facets = new int[selected.length];
            String[] codes = new String[selected.length];
            for (int i = 0; i < selected.length; i++) {
                facets[i] = Integer.parseInt(selected[i].substring(0, 1));
                codes[i] = selected[i].substring(2);
            }
            return new Question(Integer.parseInt(f[0]), words, f[2].equals("1"), facets, codes,
                                f[4].equals("1"));
        }
    }

    static class Answer {
        long total;
        List<Long> top = new ArrayList<>();
        Map<Integer, FacetResult> panes = new TreeMap<>();

        String line(int number, long ns) {
            StringBuilder s = new StringBuilder();
            s.append(number).append('\t').append(ns).append('\t').append(total).append('\t');
            for (int i = 0; i < top.size(); i++)
                s.append(i == 0 ? "" : ",").append(top.get(i));
            s.append('\t');
            panes.forEach((facet, result) -> {
                for (LabelAndValue v : result == null ? new LabelAndValue[0] : result.labelValues)
                    s.append(facet).append(':').append(v.label).append(':').append(v.value)
                        .append(',');
            });
            return s.append('\n').toString();
        }
    }

    final DirectoryReader reader;
    final IndexSearcher searcher;
    final ExecutorService both = Executors.newFixedThreadPool(2, r -> {
        Thread t = new Thread(r);
        t.setDaemon(true); // a failure ends the process
        return t;
    });

    Peer(Path dir) throws IOException {
        reader = DirectoryReader.open(new MMapDirectory(dir.resolve("lucene")));
        searcher = new IndexSearcher(reader, both);
        searcher.setQueryCache(null); // a question asked twice is to be answered twice
    }

    void close() throws IOException {
        both.shutdown();
        reader.close();
    }

    static Query words(Question q) {
        BooleanQuery.Builder all = new BooleanQuery.Builder();
        for (int i = 0; i < q.words.length; i++) {
            Term term = new Term("words", q.words[i]);
            boolean prefix = q.prefix && i == q.words.length - 1;
            all.add(prefix ? new PrefixQuery(term) : new TermQuery(term),
                    BooleanClause.Occur.FILTER);
        }
        return all.build();
    }

    void take(TopDocs found, Answer a) throws IOException {
        a.total = found.totalHits.value();
        for (ScoreDoc d : found.scoreDocs)
            a.top.add((Long) ((FieldDoc) d).fields[0]);
    }

    /** found: null is everything. */
    void pane(Answer a, int k, FacetsCollector found) throws IOException {
        String field = "n" + k;
        Facets counts = found == null ? new LongValueFacetCounts(field, reader)
                                      : new LongValueFacetCounts(field, found);
        a.panes.put(k, counts.getAllChildren(field));
    }

    Answer ask(Question q) throws IOException {
        Answer a = new Answer();
        Query base = q.words.length > 0 ? words(q) : MatchAllDocsQuery.INSTANCE;
        if (q.facets.length == 0) {
            take(searcher.search(base, new TopFieldCollectorManager(
                     ORDER, TOP, null, q.words.length > 0 ? Integer.MAX_VALUE : TOP)), a);
            if (!q.panes)
                return a;
            a.total = searcher.count(base);
            for (int k = 0; k < FACETS; k++)
                pane(a, k, null);
            return a;
        }
        return askEach(q, base, a);
    }

    Answer askEach(Question q, Query base, Answer a) throws IOException {
        for (int skip = -1; skip < q.facets.length; skip++) {
            BooleanQuery.Builder all = new BooleanQuery.Builder();
            if (q.words.length > 0)
                all.add(base, BooleanClause.Occur.FILTER);
            for (int i = 0; i < q.facets.length; i++)
                if (i != skip)
                    all.add(new TermQuery(new Term("f" + q.facets[i], q.codes[i])),
                            BooleanClause.Occur.FILTER);
            if (skip < 0) {
                FacetsCollectorManager.FacetsResult r = FacetsCollectorManager.search(
                    searcher, all.build(), TOP, ORDER, new FacetsCollectorManager());
                take(r.topDocs(), a);
                for (int k = 0; k < FACETS; k++)
                    pane(a, k, r.facetsCollector());
            } else {
                pane(a, q.facets[skip], q.facets.length == 1 && q.words.length == 0 ? null
                     : searcher.search(all.build(), new FacetsCollectorManager()));
            }
        }
        return a;
    }

    static void load(Path dir) throws IOException {
        Path index = dir.resolve("lucene");
        if (Files.exists(index))
            try (DirectoryStream<Path> old = Files.newDirectoryStream(index)) {
                for (Path p : old)
                    Files.delete(p);
            }
        FieldType words = new FieldType(TextField.TYPE_NOT_STORED);
        words.setIndexOptions(IndexOptions.DOCS);
        words.setOmitNorms(true);
        IndexWriterConfig config = new IndexWriterConfig(new WhitespaceAnalyzer())
            .setRAMBufferSizeMB(1024).setMaxBufferedDocs(SEGMENT).setIndexSort(ORDER)
            .setMergePolicy(new LogDocMergePolicy()); // neighbours stay neighbours
        try (IndexWriter w = new IndexWriter(new MMapDirectory(index), config);
             BufferedReader in = Files.newBufferedReader(dir.resolve("rows.tsv"))) {
            for (String line; (line = in.readLine()) != null;) {
                String[] f = line.split("\t", -1);
                Document d = new Document();
                d.add(new NumericDocValuesField("row", Long.parseLong(f[0])));
                for (int k = 0; k < FACETS; k++)
                    if (!f[k + 1].equals("0")) {
                        d.add(new StringField("f" + k, f[k + 1], Field.Store.NO));
                        d.add(new NumericDocValuesField("n" + k, Long.parseLong(f[k + 1])));
                    }
                d.add(new Field("words", f[FACETS + 1], words));
                w.addDocument(d);
            }
            w.commit();
        }
    }

    static List<String> lines(Path p) throws IOException {
        return Files.exists(p) ? Files.readAllLines(p, StandardCharsets.UTF_8) : List.of();
    }

    /** The questions of the next kind, put without being counted, for a while. */
    void warm(List<Question> questions, int from) throws IOException {
        String text = System.getenv("WARM");
        long until = System.nanoTime() + (text == null ? 8 : Long.parseLong(text)) * 1_000_000_000L;
        int end = from;
        while (end < questions.size() && questions.get(end).kind == questions.get(from).kind)
            end++;
        // Again and again: the JIT needs more rounds than a page cache.
        for (int i = from; System.nanoTime() < until; i = i + 1 < end ? i + 1 : from)
            ask(questions.get(i));
    }

    static int askAll(Path dir, long seconds) throws IOException {
        long until = System.nanoTime() + seconds * 1_000_000_000L;
        List<Question> questions = new ArrayList<>();
        for (String line : lines(dir.resolve("questions.tsv")))
            questions.add(Question.parse(line));
        Path out = dir.resolve("lucene.answers");
        int first = lines(out).size(), i = first;
        Peer peer = new Peer(dir);
        try (Writer w = Files.newBufferedWriter(out, StandardOpenOption.CREATE,
                                                StandardOpenOption.APPEND)) {
            for (; i < questions.size() && System.nanoTime() < until; i++) {
                Question q = questions.get(i);
                if (i == first || questions.get(i - 1).kind != q.kind)
                    peer.warm(questions, i);
                long from = System.nanoTime();
                Answer a = peer.ask(q);
                w.write(a.line(i, System.nanoTime() - from));
            }
        }
        peer.close();
        return i < questions.size() ? MORE : 0;
    }

    static void meta(Path dir, double seconds) throws IOException {
        long bytes = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir.resolve("lucene"))) {
            for (Path p : files)
                bytes += Files.size(p);
        }
        Peer peer = new Peer(dir);
        String line = String.format(Locale.ROOT,
            "%.1f\t%d\tLucene %s on Java %s, in process, two threads, %d segments\n", seconds, bytes,
            Version.LATEST, Runtime.version().feature(), peer.reader.leaves().size());
        peer.close();
        Files.writeString(dir.resolve("lucene.meta"), line);
    }

    public static void main(String[] args) throws IOException {
        Path dir = Path.of(args[1]);
        if (args[0].equals("ask"))
            System.exit(askAll(dir, Long.parseLong(args[2])));
        long from = System.nanoTime();
        load(dir);
        meta(dir, (System.nanoTime() - from) / 1e9);
    }
}
