//! Finds the first of many patterns that matches a path. It is a trie of segments, so the cost of a lookup does not depend
//! on the number of patterns. The crates for this (matchit, path-tree, wayfind, route-recognizer) rank patterns by how
//! specific they are or refuse overlaps; here the order of the catalog decides.

use std::cell::Cell;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::pattern::PathPattern;
use super::segment::{Segment, mixed_matches};

/// What a search is for: the patterns that match a path, or those that match every path that another pattern matches.
pub(super) trait Segments: Copy {
    /// The first segment and those after it.
    fn split(&self) -> Option<(Token<'_>, Self)>;
}

pub(super) enum Token<'a> {
    /// A segment of a path or of a pattern. A segment that matches a star also matches everything the star matches.
    Text(&'a str),
    /// A pattern's `**`, which only `**` matches.
    Rest,
}

/// The rest of a path after a slash; `None` at its end.
#[derive(Clone, Copy)]
struct PathRest<'a>(Option<&'a str>);

impl Segments for PathRest<'_> {
    fn split(&self) -> Option<(Token<'_>, Self)> {
        let rest = self.0?;
        Some(match rest.split_once('/') {
            Some((segment, after)) => (Token::Text(segment), PathRest(Some(after))),
            None => (Token::Text(rest), PathRest(None)),
        })
    }
}

impl Segments for &[Segment] {
    fn split(&self) -> Option<(Token<'_>, Self)> {
        let (segment, after) = self.split_first()?;
        let token = if *segment == Segment::Rest { Token::Rest } else { Token::Text(segment.text()) };
        Some((token, after))
    }
}

/// How many more comparisons lookups may make. A catalog may have thousands of patterns that begin with `**`: without a
/// limit, one request with 200 segments keeps a worker busy for half a second.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    pub fn of(comparisons: usize) -> Budget {
        Budget(Cell::new(comparisons))
    }

    pub fn unlimited() -> Budget {
        Budget::of(usize::MAX)
    }

    /// Then lookups have stopped early, and their results do not count.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn spend(&self, comparisons: usize) -> bool {
        self.0.set(self.0.get().saturating_sub(comparisons));
        !self.is_spent()
    }
}

/// Patterns by their segments. A number is the position of a pattern in the catalog.
///
/// A lookup in a large table waits for memory, so a node fills at most one cache line, and each literal is stored once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::keys::catalog) struct Table {
    literals: HashMap<Box<str>, u32, FixedState>,
    /// The child of a node for a literal.
    children: HashMap<(u32, u32), u32, FixedState>,
    /// The root first.
    nodes: Vec<Node>,
    /// By pattern: the next pattern that ends at the same node.
    next: Vec<Option<u32>>,
}

/// The patterns that begin with the same segments.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    /// The first pattern that ends here.
    end: Option<u32>,
    /// The first pattern here or below.
    first: u32,
    one: Option<u32>,
    rest: Option<u32>,
    /// Tried one by one: few segments of an API differ only in the text around a star.
    mixed: Vec<(Box<str>, u32)>,
    has_literals: bool,
}

/// The first patterns that match a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub first: Option<usize>,
    /// If a final `**` may also match nothing: `/admin/**` guards `/admin`.
    pub guard: Option<usize>,
}

impl Node {
    fn of(first: u32) -> Node {
        Node { end: None, first, one: None, rest: None, mixed: Vec::new(), has_literals: false }
    }

    fn has_children(&self) -> bool {
        self.has_literals || !self.mixed.is_empty() || self.one.is_some() || self.rest.is_some()
    }
}

impl Table {
    pub fn new(patterns: impl IntoIterator<Item = PathPattern>) -> Table {
        let mut table = Table { nodes: vec![Node::of(0)], ..Table::default() };
        for (number, PathPattern(segments)) in (0..).zip(patterns) {
            let end = segments.iter().fold(0, |node, segment| table.child(node, segment, number));
            table.next.push(None);
            table.add_end(end, number);
        }
        table
    }

    fn child(&mut self, at: u32, segment: &Segment, number: u32) -> u32 {
        let new = self.nodes.len() as u32;
        let parent = &mut self.nodes[at as usize];
        let child = match segment {
            Segment::Literal(text) => {
                parent.has_literals = true;
                let unused = self.literals.len() as u32;
                let literal = *self.literals.entry(text.as_str().into()).or_insert(unused);
                *self.children.entry((at, literal)).or_insert(new)
            }
            Segment::Mixed(text) => match parent.mixed.iter().find(|(known, _)| **known == **text) {
                Some((_, child)) => *child,
                None => {
                    parent.mixed.push((text.as_str().into(), new));
                    new
                }
            },
            Segment::One => *parent.one.get_or_insert(new),
            Segment::Rest => *parent.rest.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::of(number));
        }
        child
    }

    fn add_end(&mut self, at: u32, number: u32) {
        let mut end = &mut self.nodes[at as usize].end;
        while let Some(earlier) = *end {
            end = &mut self.next[earlier as usize];
        }
        *end = Some(number);
    }

    /// The first accepted patterns that match a path.
    pub(super) fn find(&self, path: &str, budget: &Budget, accept: impl Fn(usize) -> bool) -> Found {
        let Some(rest) = path.strip_prefix('/') else { return Found::default() };
        self.search(PathRest(Some(rest)), budget, accept)
    }

    /// The first accepted pattern that matches every path that `pattern` matches. It misses some: `/**/*` for `/*/**`.
    pub fn first_cover(&self, pattern: &PathPattern, accept: impl Fn(usize) -> bool) -> Option<usize> {
        self.search(pattern.0.as_slice(), &Budget::unlimited(), accept).first
    }

    fn search(&self, segments: impl Segments, budget: &Budget, accept: impl Fn(usize) -> bool) -> Found {
        let mut search = Search { table: self, budget, accept, first: u32::MAX, guard: u32::MAX };
        search.walk(0, segments);
        let found = |number: u32| (number != u32::MAX).then_some(number as usize);
        Found { first: found(search.first), guard: found(search.guard.min(search.first)) }
    }
}

struct Search<'a, A> {
    table: &'a Table,
    budget: &'a Budget,
    accept: A,
    first: u32,
    /// Of the patterns whose final `**` matches nothing.
    guard: u32,
}

impl<A: Fn(usize) -> bool> Search<'_, A> {
    fn walk(&mut self, at: u32, segments: impl Segments) {
        let node = &self.table.nodes[at as usize];
        if node.first >= self.first || !self.budget.spend(1 + node.mixed.len()) {
            return;
        }
        let Some((token, after)) = segments.split() else {
            self.first = self.end(at, self.first);
            if let Some(rest) = node.rest {
                self.guard = self.end(rest, self.guard);
            }
            return;
        };
        if let Token::Text(text) = token {
            if node.has_literals
                && let Some(literal) = self.table.literals.get(text)
                && let Some(child) = self.table.children.get(&(at, *literal))
            {
                self.walk(*child, after);
            }
            for (_, child) in node.mixed.iter().filter(|(pattern, _)| mixed_matches(pattern, text)) {
                self.walk(*child, after);
            }
            if let Some(child) = node.one.filter(|_| !text.is_empty()) {
                self.walk(child, after);
            }
        }
        if let Some(rest) = node.rest {
            self.walk_rest(rest, after);
        }
    }

    /// `**`: the pattern may end here, or continue at each later segment.
    fn walk_rest(&mut self, rest: u32, after: impl Segments) {
        self.first = self.end(rest, self.first);
        if !self.table.nodes[rest as usize].has_children() {
            return;
        }
        let mut from = after;
        self.walk(rest, from);
        while let Some((_, next)) = from.split() {
            self.walk(rest, next);
            from = next;
        }
    }

    /// The first accepted pattern that ends at a node, if it comes before `found`.
    fn end(&self, at: u32, found: u32) -> u32 {
        let mut ends = std::iter::successors(self.table.nodes[at as usize].end, |end| self.table.next[*end as usize]);
        let is_last = |end: &u32| *end >= found || !self.budget.spend(1) || (self.accept)(*end as usize);
        ends.find(is_last).map_or(found, |end| end.min(found))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).expect("a pattern")
    }

    /// The definition: one pattern, segment by segment.
    fn is_match(pattern: &[Segment], path: &[&str], is_guard: bool) -> bool {
        let Some((segment, patterns)) = pattern.split_first() else { return path.is_empty() };
        if *segment == Segment::Rest {
            let least = if is_guard && patterns.is_empty() { 0 } else { 1 };
            return (least..=path.len()).any(|taken| is_match(patterns, &path[taken..], is_guard));
        }
        let Some((text, after)) = path.split_first() else { return false };
        let is_meant = match segment {
            Segment::Literal(literal) => literal == text,
            Segment::Mixed(mixed) => mixed_matches(mixed, text),
            Segment::One => !text.is_empty(),
            Segment::Rest => false,
        };
        is_meant && is_match(patterns, after, is_guard)
    }

    fn matches(text: &str, path: &str) -> bool {
        Table::new([pattern(text)]).find(path, &Budget::unlimited(), |_| true).first.is_some()
    }

    #[test]
    fn stars_match_a_segment_a_part_of_one_or_several() {
        for (text, path) in [
            ("/", "/"),
            ("/v2", "/v2"),
            ("/v2/", "/v2/"),
            ("/v2/users/*", "/v2/users/7"),
            ("/v2/users/*", "/v2/users/*"),
            ("/v2/users/*", "/v2/users/a b"),
            ("/v2/users/*", "/v2/users/**"),
            ("/v2/*/", "/v2/users/"),
            ("/v2/*/avatar", "/v2/é/avatar"),
            ("/v2/*.json", "/v2/a.json"),
            ("/compare/*...*", "/compare/main...dev"),
            ("/jobs/*:cancel", "/jobs/7:cancel"),
            ("/**", "/"),
            ("/**", "/v2/users/7"),
            ("/v2/**", "/v2/"),
            ("/v2/**", "/v2/users/7/"),
            ("/v2/**/tags", "/v2/a/tags"),
            ("/v2/**/tags", "/v2/a/b/tags/c/tags"),
            ("/v2/**/blobs/**", "/v2/a/b/blobs/c/d"),
            ("/**/", "/a/b/"),
        ] {
            assert!(matches(text, path), "{text} {path}");
        }
        for (text, path) in [
            ("/", "/v2"),
            ("/", ""),
            ("/v2", "/V2"),
            ("/v2", "/v2/"),
            ("/v2/", "/v2"),
            ("/v2", "v2"),
            ("/v2/users/*", "/v2/users"),
            ("/v2/users/*", "/v2/users/"),
            ("/v2/users/*", "/v2/users/7/avatar"),
            ("/v2/users/*", "/v3/users/7"),
            ("/v2/*.json", "/v2/.json"),
            ("/v2/*.json", "/v2/a.json/b"),
            ("/jobs/*:cancel", "/jobs/7:pause"),
            ("/v2/**", "/v2"),
            ("/v2/**/tags", "/v2/tags"),
            ("/v2/**/tags", "/v2/a/tags/b"),
            ("/**", ""),
            ("/**", "v2"),
            ("/*", "/"),
            ("/**/", "/"),
        ] {
            assert!(!matches(text, path), "{text} {path}");
        }
        let lenient = |text| Table::new([pattern(text)]);
        for (text, path) in [("/v2/**", "/v2"), ("/**", "/"), ("/v2/**/a/**", "/v2/x/a")] {
            assert_eq!(lenient(text).find(path, &Budget::unlimited(), |_| true).guard, Some(0), "{text} {path}");
        }
    }

    #[test]
    fn a_pattern_covers_another() {
        let covers =
            |one: &str, other: &str| Table::new([pattern(one)]).first_cover(&pattern(other), |_| true).is_some();
        for (one, other) in [
            ("/a", "/a"),
            ("/*", "/a"),
            ("/*", "/*"),
            ("/*", "/a*"),
            ("/*.json", "/a.json"),
            ("/*.json", "/a*.json"),
            ("/*a*", "/*bab*"),
            ("/**", "/"),
            ("/**", "/a/b"),
            ("/a/**", "/a/*"),
            ("/a/**", "/a/**"),
            ("/a/**", "/a/**/b"),
            ("/*/b/**", "/a/b/c"),
            ("/**/b", "/a/*/b"),
            ("/**/b", "/a/**/b"),
        ] {
            assert!(covers(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("/a", "/b"),
            ("/a", "/*"),
            ("/a*", "/*"),
            ("/a.json", "/*.json"),
            ("/*", "/**"),
            ("/*/*", "/**"),
            ("/*", "/"),
            ("/a/**", "/a"),
            ("/a", "/a/"),
            ("/a", "/a/b"),
            ("/a/b/**", "/*/b/c"),
            ("/**/b", "/b"),
            ("/**/b", "/a/**"),
        ] {
            assert!(!covers(one, other), "{one} {other}");
        }
    }

    const PATTERN: &str = "(/(a|b|ab|\\*|a\\*|\\*b|\\*a\\*|\\*\\*)){1,4}/?";

    fn patterns() -> impl Strategy<Value = Vec<PathPattern>> {
        let pattern = PATTERN.prop_filter_map("a pattern", |text: String| PathPattern::parse(&text).ok());
        prop::collection::vec(pattern, 1..12)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn the_first_match_is_that_of_a_scan(
            patterns in patterns(),
            path in "(/(a|b|ab|bab)){1,5}/?|/",
            refused in any::<u16>(),
        ) {
            let segments: Vec<&str> = path[1..].split('/').collect();
            let accept = |number: usize| refused >> number & 1 == 0;
            let scan = |is_guard: bool| {
                let mut numbers = 0..patterns.len();
                numbers.find(|number| accept(*number) && is_match(&patterns[*number].0, &segments, is_guard))
            };
            let scanned = Found { first: scan(false), guard: scan(true) };
            prop_assert_eq!(Table::new(patterns.clone()).find(&path, &Budget::unlimited(), accept), scanned);
        }

        #[test]
        fn what_a_pattern_covers_it_matches(patterns in patterns(), path in "(/(a|b|ab|bab)){1,5}/?|/") {
            let segments: Vec<&str> = path[1..].split('/').collect();
            let (one, other) = (&patterns[0], &patterns[patterns.len() - 1]);
            if Table::new([one.clone()]).first_cover(other, |_| true).is_some() && is_match(&other.0, &segments, false) {
                prop_assert!(is_match(&one.0, &segments, false), "{} {} {}", one, other, path);
            }
        }

        /// For a pattern without stars, covering is the same as matching.
        #[test]
        fn a_pattern_covers_the_paths_that_it_matches(patterns in patterns(), path in "(/[ab]){1,4}/?") {
            let table = Table::new(patterns);
            prop_assert_eq!(table.find(&path, &Budget::unlimited(), |_| true).first, table.first_cover(&pattern(&path), |_| true));
        }
    }

    #[test]
    fn a_long_path_is_quick_to_search() {
        // Trying every split of the path would never end.
        let table = Table::new(["/**/a/a/a/b", "/**/a/**", "/*/a/**/a/b"].map(pattern));
        assert_eq!(table.find(&"/a".repeat(50_000), &Budget::unlimited(), |_| true).first, Some(1));
    }
}
