//! Tantivy, in process, as ../driver.h says and as its documentation advises: fast fields for what
//! is counted, terms without frequencies or norms for what only filters, a collector of its own
//! (examples/custom_collector.rs) that takes documents in blocks and counts all panes at once, which
//! is faster than terms aggregations and FacetCollector, and an executor of both cores over segments
//! of equal size.
//!
//! Documents are in the order that is asked for, so a segment's first are its best.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::indexer::NoMergePolicy;
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query, RegexQuery, TermQuery};
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions, FAST,
};
use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};
use tantivy::{DocId, Index, IndexWriter, Score, Searcher, SegmentReader, TantivyDocument, Term};

const FACETS: usize = 6;
const CODES: usize = 256;
const TOP: usize = 25;
const MORE: i32 = 3;
const SEGMENT: usize = 250_000;

type Failure = Box<dyn std::error::Error>;

struct Question {
    kind: u32,
    words: Vec<String>,
    prefix: bool,
    selected: Vec<(usize, u64)>,
    panes: bool,
}

impl Question {
    fn parse(line: &str) -> Result<Question, Failure> {
        let f: Vec<&str> = line.split('\t').collect();
        let mut selected = Vec::new();
        for one in f[3].split(',').filter(|s| !s.is_empty()) {
            selected.push((one[..1].parse()?, one[2..].parse()?));
        }
        Ok(Question {
            kind: f[0].parse()?,
            words: f[1].split_whitespace().map(String::from).collect(),
            prefix: f[2] == "1",
            selected,
            panes: f[4] == "1",
        })
    }
}

struct Panes {
    facets: Vec<usize>, // to count
    top: usize,         // rows wanted
}

struct Found {
    total: u64,
    rows: Vec<u64>,
    counts: Vec<[u32; CODES]>, // of the facets, in their order
}

struct SegmentPanes {
    columns: Vec<Arc<dyn ColumnValues<u64>>>,
    row: Arc<dyn ColumnValues<u64>>,
    top: usize,
    values: Vec<u64>,
    found: Found,
}

impl Collector for Panes {
    type Fruit = Found;
    type Child = SegmentPanes;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<SegmentPanes> {
        let fast = segment.fast_fields();
        let mut columns = Vec::new();
        for k in &self.facets {
            columns.push(fast.u64(&format!("f{k}"))?.first_or_default_col(0));
        }
        Ok(SegmentPanes {
            found: Found {
                total: 0,
                rows: Vec::new(),
                counts: vec![[0; CODES]; columns.len()],
            },
            columns,
            row: fast.u64("row")?.first_or_default_col(0),
            top: self.top,
            values: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Found>) -> tantivy::Result<Found> {
        let mut all = Found {
            total: 0,
            rows: Vec::new(),
            counts: vec![[0; CODES]; self.facets.len()],
        };
        for s in segments {
            all.total += s.total;
            all.rows.extend(s.rows);
            for (sum, counts) in all.counts.iter_mut().zip(&s.counts) {
                for (a, b) in sum.iter_mut().zip(counts) {
                    *a += b;
                }
            }
        }
        all.rows.sort_unstable();
        all.rows.truncate(self.top);
        Ok(all)
    }
}

impl SegmentCollector for SegmentPanes {
    type Fruit = Found;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.collect_block(&[doc]);
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        self.found.total += docs.len() as u64;
        for doc in docs {
            if self.found.rows.len() == self.top {
                break;
            }
            self.found.rows.push(self.row.get_val(*doc));
        }
        self.values.resize(docs.len(), 0);
        for (column, counts) in self.columns.iter().zip(&mut self.found.counts) {
            column.get_vals(docs, &mut self.values);
            for v in &self.values {
                counts[(*v as usize) & (CODES - 1)] += 1;
            }
        }
    }

    fn harvest(self) -> Found {
        self.found
    }
}

struct Peer {
    searcher: Searcher,
    words: Field,
    facets: Vec<Field>,
}

#[derive(Default)]
struct Answer {
    total: u64,
    rows: Vec<u64>,
    panes: BTreeMap<usize, [u32; CODES]>,
}

impl Answer {
    fn line(&self, number: usize, ns: u128) -> String {
        let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
        let mut s = format!("{number}\t{ns}\t{}\t{}\t", self.total, rows.join(","));
        for (k, counts) in &self.panes {
            for (code, n) in counts.iter().enumerate().skip(1).filter(|(_, n)| **n > 0) {
                s += &format!("{k}:{code}:{n},");
            }
        }
        s + "\n"
    }
}

fn open(dir: &Path) -> Result<Peer, Failure> {
    let mut index = Index::open_in_dir(dir.join("tantivy"))?;
    index.set_multithread_executor(2)?;
    register(&index);
    let schema = index.schema();
    let mut facets = Vec::new();
    for k in 0..FACETS {
        facets.push(schema.get_field(&format!("f{k}"))?);
    }
    Ok(Peer {
        searcher: index.reader()?.searcher(),
        words: schema.get_field("words")?,
        facets,
    })
}

fn register(index: &Index) {
    let plain = TextAnalyzer::builder(WhitespaceTokenizer::default()).build();
    index.tokenizers().register("plain", plain);
}

impl Peer {
    fn query(&self, q: &Question, skip: Option<usize>) -> Result<Box<dyn Query>, Failure> {
        let mut all: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for (i, word) in q.words.iter().enumerate() {
            if q.prefix && i + 1 == q.words.len() {
                let beginning = RegexQuery::from_pattern(&format!("{word}.*"), self.words)?;
                all.push((Occur::Must, Box::new(beginning)));
            } else {
                all.push((Occur::Must, term(Term::from_field_text(self.words, word))));
            }
        }
        for (facet, code) in q.selected.iter().filter(|(f, _)| Some(*f) != skip) {
            all.push((Occur::Must, term(Term::from_field_u64(self.facets[*facet], *code))));
        }
        match all.len() {
            0 => Ok(Box::new(AllQuery)),
            1 => Ok(all.remove(0).1),
            _ => Ok(Box::new(BooleanQuery::new(all))),
        }
    }

    fn collect(&self, q: &Question, skip: Option<usize>, facets: Vec<usize>, top: usize,
               a: &mut Answer) -> Result<(u64, Vec<u64>), Failure> {
        let panes = Panes { facets, top };
        let found = self.searcher.search(&*self.query(q, skip)?, &panes)?;
        for (k, counts) in panes.facets.iter().zip(found.counts) {
            a.panes.insert(*k, counts);
        }
        Ok((found.total, found.rows))
    }

    fn ask(&self, q: &Question) -> Result<Answer, Failure> {
        let mut a = Answer::default();
        let chosen = |k: &usize| q.selected.iter().any(|(f, _)| f == k);
        let open = (0..FACETS).filter(|k| q.panes && !chosen(k)).collect();
        (a.total, a.rows) = self.collect(q, None, open, TOP, &mut a)?;
        for (facet, _) in q.selected.iter().filter(|_| q.panes) {
            self.collect(q, Some(*facet), vec![*facet], 0, &mut a)?;
        }
        Ok(a)
    }

    /// The questions of the next kind, put without being counted, for a while.
    fn warm(&self, next: &[Question]) -> Result<(), Failure> {
        let seconds = std::env::var("WARM").map_or(Ok(8), |s| s.parse())?;
        let until = Instant::now() + Duration::from_secs(seconds);
        for q in next.iter().take_while(|q| q.kind == next[0].kind) {
            if Instant::now() >= until {
                break;
            }
            self.ask(q)?;
        }
        Ok(())
    }
}

fn term(t: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(t, IndexRecordOption::Basic))
}

fn schema() -> Schema {
    let mut s = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer("plain")
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    s.add_text_field("words", TextOptions::default().set_indexing_options(words));
    s.add_u64_field("row", FAST);
    for k in 0..FACETS {
        s.add_u64_field(&format!("f{k}"), NumericOptions::default().set_indexed().set_fast());
    }
    s.build()
}

fn load(dir: &Path) -> Result<(), Failure> {
    let at = dir.join("tantivy");
    let _ = fs::remove_dir_all(&at);
    fs::create_dir(&at)?;
    let index = Index::create_in_dir(&at, schema())?;
    register(&index);
    let s = index.schema();
    let (words, row) = (s.get_field("words")?, s.get_field("row")?);
    let mut writer: IndexWriter = index.writer_with_num_threads(1, 2_000_000_000)?;
    writer.set_merge_policy(Box::new(NoMergePolicy));
    for (n, line) in BufReader::new(File::open(dir.join("rows.tsv"))?).lines().enumerate() {
        let line = line?;
        let f: Vec<&str> = line.split('\t').collect();
        let mut d = TantivyDocument::default();
        d.add_u64(row, f[0].parse()?);
        for k in 0..FACETS {
            d.add_u64(s.get_field(&format!("f{k}"))?, f[k + 1].parse()?);
        }
        d.add_text(words, f[FACETS + 1]);
        writer.add_document(d)?;
        if (n + 1) % SEGMENT == 0 {
            writer.commit()?;
        }
    }
    writer.commit()?;
    Ok(())
}

fn lines(path: &Path) -> Result<Vec<String>, Failure> {
    match File::open(path) {
        Ok(f) => Ok(BufReader::new(f).lines().collect::<Result<_, _>>()?),
        Err(_) => Ok(Vec::new()),
    }
}

fn ask_all(dir: &Path, seconds: u64) -> Result<i32, Failure> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut questions = Vec::new();
    for line in lines(&dir.join("questions.tsv"))? {
        questions.push(Question::parse(&line)?);
    }
    let path = dir.join("tantivy.answers");
    let first = lines(&path)?.len();
    let mut out = OpenOptions::new().create(true).append(true).open(path)?;
    let peer = open(dir)?;
    for (i, q) in questions.iter().enumerate().skip(first) {
        if Instant::now() >= until {
            return Ok(MORE);
        }
        if i == first || questions[i - 1].kind != q.kind {
            peer.warm(&questions[i..])?;
        }
        let from = Instant::now();
        let a = peer.ask(q)?;
        let ns = from.elapsed().as_nanos();
        out.write_all(a.line(i, ns).as_bytes())?;
    }
    Ok(0)
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let dir = Path::new(&args[2]);
    if args[1] == "ask" {
        std::process::exit(ask_all(dir, args[3].parse()?)?);
    }
    let from = Instant::now();
    load(dir)?;
    let seconds = from.elapsed().as_secs_f64();
    let mut bytes = 0;
    for file in fs::read_dir(dir.join("tantivy"))? {
        bytes += file?.metadata()?.len();
    }
    let peer = open(dir)?;
    let what = format!(
        "{seconds:.1}\t{bytes}\t{}, in process, two threads, {} segments\n",
        tantivy::version_string(),
        peer.searcher.segment_readers().len()
    );
    fs::write(dir.join("tantivy.meta"), what)?;
    Ok(())
}
