//! Reads a query: `or` binds least, then `and`, which may be left out, then `not`.

use super::leaf::{Leaf, OPERATORS, Operator};
use super::{MOST, Node, Query};

/// How deep brackets and `not` may be nested.
const DEEPEST: usize = 64;

struct Parser<'a> {
    rest: &'a str,
    leaves: Vec<Leaf>,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser {
        rest: text.trim(),
        leaves: Vec::new(),
        depth: 0,
    };
    if parser.rest.is_empty() {
        return Ok(Query::default());
    }
    let root = parser.any()?;
    match parser.rest.is_empty() {
        true => Ok(Query {
            root: Some(root),
            leaves: parser.leaves,
        }),
        false => Err(format!("a bracket too many at `{}`", parser.rest)),
    }
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.all()?];
        while self.word("or") || self.sign("||") {
            nodes.push(self.all()?);
        }
        Ok(one_or(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, String> {
        let mut nodes = vec![self.not()?];
        loop {
            let is_next = self.word("and") || self.sign("&&");
            if !is_next && (self.rest.is_empty() || self.rest.starts_with(')') || self.is_or()) {
                return Ok(one_or(nodes, Node::All));
            }
            nodes.push(self.not()?);
        }
    }

    fn is_or(&self) -> bool {
        is_word(self.rest, "or") || self.rest.starts_with("||")
    }

    fn not(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("brackets nested too deep".into());
        }
        let node = if self.word("not") || self.sign("!") {
            Node::Not(Box::new(self.not()?))
        } else if self.sign("(") {
            let node = self.any()?;
            match self.sign(")") {
                true => node,
                false => return Err("a bracket that does not end".into()),
            }
        } else {
            let leaf = self.leaf()?;
            self.leaves.push(leaf);
            Node::Leaf(self.leaves.len() - 1)
        };
        self.depth -= 1;
        match self.leaves.len() > MOST {
            true => Err(format!("more than {MOST} comparisons")),
            false => Ok(node),
        }
    }

    /// `key=value`, `/word` or a word.
    fn leaf(&mut self) -> Result<Leaf, String> {
        if let Some(rest) = self.rest.strip_prefix('/') {
            self.rest = rest;
            let text = self.value()?;
            return Leaf::text(&text);
        }
        let begin = self.rest;
        let key = self.key()?;
        self.skip();
        let Some(operator) = self.operator() else {
            return match key.is_empty() {
                true => Err(format!("no field and no word at `{begin}`")),
                false => Leaf::text(&key),
            };
        };
        if key.is_empty() {
            return Err(format!("an operator without a field at `{begin}`"));
        }
        self.skip();
        let value = self.value()?;
        Leaf::new(&key, operator, &value)
    }

    fn key(&mut self) -> Result<String, String> {
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted();
        }
        let is_end = |char: char| char.is_whitespace() || "=!<>~()".contains(char);
        Ok(self.take(self.rest.find(is_end)).into())
    }

    fn operator(&mut self) -> Option<Operator> {
        let rest = self.rest;
        let found = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign));
        let (sign, operator) = found?;
        self.rest = rest.get(sign.len()..).unwrap_or_default();
        Some(*operator)
    }

    /// A value ends at a blank, or at a bracket that it did not open.
    fn value(&mut self) -> Result<String, String> {
        if self.rest.starts_with(['"', '\'']) {
            return self.quoted();
        }
        let mut open = 0_usize;
        let is_end = |char: char| {
            match char {
                '(' => open += 1,
                ')' if open == 0 => return true,
                ')' => open -= 1,
                _ => {}
            }
            char.is_whitespace()
        };
        let text = self.take(self.rest.find(is_end)).into();
        self.skip();
        Ok(text)
    }

    fn quoted(&mut self) -> Result<String, String> {
        let mut chars = self.rest.char_indices();
        let quote = chars.next().map(|(_, char)| char);
        let mut text = String::new();
        while let Some((at, char)) = chars.next() {
            if Some(char) == quote {
                self.rest = self.rest.get(at + 1..).unwrap_or_default();
                self.skip();
                return Ok(text);
            }
            // A backslash before anything but a quote or another one is part of a pattern.
            match char {
                '\\' => match chars.next() {
                    Some((_, next)) if Some(next) == quote || next == '\\' => text.push(next),
                    Some((_, next)) => text.extend(['\\', next]),
                    None => break,
                },
                char => text.push(char),
            }
        }
        Err("a quote that does not end".into())
    }

    fn take(&mut self, end: Option<usize>) -> &'a str {
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        text
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn word(&mut self, word: &str) -> bool {
        let is_it = is_word(self.rest, word);
        if is_it {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
            self.skip();
        }
        is_it
    }

    fn sign(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        self.skip();
        rest.is_some()
    }
}

/// Whether a text begins with a word, in any case, and not with a field of that name.
fn is_word(text: &str, word: &str) -> bool {
    let (Some(head), Some(rest)) = (text.get(..word.len()), text.get(word.len()..)) else {
        return false;
    };
    head.eq_ignore_ascii_case(word)
        && (rest.is_empty() || rest.starts_with(|char: char| char.is_whitespace() || char == '('))
}

fn one_or(mut nodes: Vec<Node>, more: fn(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        1 => nodes.remove(0),
        _ => more(nodes),
    }
}
